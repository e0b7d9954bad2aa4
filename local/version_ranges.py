"""A gap of the emulator closed: GetObject with both a range and a version answered with everything.

On AWS both go together: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

from local.asgi import Application

RANGE = re.compile(rb"bytes=(?P<first>\d+)-(?P<last>\d*)")

Message = dict[str, Any]


def with_version_ranges(inner: Application) -> Application:
    """Cut what *inner* answers to a range of an object's version down to that range."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        asked = _asked(scope)
        if asked is None:
            await inner(scope, receive, send)
            return
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await inner(scope, receive, keep)
        for message in cut(messages, asked):
            await send(message)

    return application


def cut(messages: list[Message], asked: re.Match[bytes]) -> list[Message]:
    """Make the part that was *asked* for out of a whole answer; any other answer stays as it is."""
    start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
    first = int(asked["first"])
    if start["status"] != 200 or first >= len(body):
        return messages
    last = min(int(asked["last"] or len(body) - 1), len(body) - 1)
    kept = [
        (name, value)
        for name, value in start["headers"]
        if name.lower() != b"content-length" and not name.lower().startswith(b"x-amz-checksum-")
    ]
    part = [
        (b"content-length", str(last + 1 - first).encode()),
        (b"content-range", f"bytes {first}-{last}/{len(body)}".encode()),
    ]
    return [
        start | {"status": 206, "headers": kept + part},
        {"type": "http.response.body", "body": body[first : last + 1]},
    ]


def _asked(scope: Any) -> re.Match[bytes] | None:
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    if "versionId" not in parse_qs(scope.get("query_string", b"").decode("latin-1")):
        return None
    header = dict(scope["headers"]).get(b"range", b"")
    return RANGE.fullmatch(header)
