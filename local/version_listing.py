"""A gap of the emulator closed: ListObjectVersions with ``encoding-type=url`` left keys as they were.

Terraform asks for it, and cannot empty a bucket that has a key with a bare ``%`` otherwise:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote_plus

from local.asgi import Application

KEY = re.compile(r"<(?P<name>Key|NextKeyMarker)>(?P<key>[^<]*)</")

Message = dict[str, Any]


def with_encoded_versions(inner: Application) -> Application:
    """Encode the keys in *inner*'s lists of versions where the caller asked for it."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if not _asked(scope):
            await inner(scope, receive, send)
            return
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await inner(scope, receive, keep)
        for message in encoded(messages):
            await send(message)

    return application


def encoded(messages: list[Message]) -> list[Message]:
    """Return a list of versions with its keys encoded; any other answer stays as it is."""
    start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
    if start["status"] != 200 or b"<EncodingType>" in body:
        return messages
    text = KEY.sub(
        lambda found: f"<{found['name']}>{quote_plus(unescape(found['key']), safe='/')}</",
        body.decode(),
    ).encode()
    headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
    length = (b"content-length", str(len(text)).encode())
    return [
        start | {"headers": [*headers, length]},
        {"type": "http.response.body", "body": text},
    ]


def _asked(scope: Any) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    return "versions" in query and query.get("encoding-type") == ["url"]
