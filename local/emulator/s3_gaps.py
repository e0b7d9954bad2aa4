"""Close two gaps in the emulator's S3 by changing its responses.

- GetObject with a range *and* a version returns the whole object; AWS accepts both together
  (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
- ListObjectVersions does not encode keys if the caller sets ``encoding-type=url``, so that
  Terraform cannot empty a bucket that contains ``100%``
  (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote

from local.emulator.asgi import Application

RANGE = re.compile(rb"bytes=(?P<first>\d+)-(?P<last>\d*)")
NAMES = re.compile(r"<(Key|Prefix|Delimiter|KeyMarker|NextKeyMarker)>(.*?)</\1>", re.DOTALL)

Headers = list[tuple[bytes, bytes]]
Answer = tuple[int, Headers, bytes]
Mend = Callable[[Answer], Answer]


def without_s3_gaps(inner: Application) -> Application:
    """Correct responses of *inner* where needed; pass on the others unchanged."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        mend = mend_for(scope)
        if mend is None:
            await inner(scope, receive, send)
            return
        messages: list[dict[str, Any]] = []

        async def keep(message: dict[str, Any]) -> None:
            messages.append(message)

        await inner(scope, receive, keep)
        body = b"".join(message.get("body", b"") for message in messages)
        status, headers, body = mend((messages[0]["status"], messages[0]["headers"], body))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application


def mend_for(scope: Any) -> Mend | None:
    """Return the correction for the response to a request, or None."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    if "versions" in query and query.get("encoding-type") == ["url"]:
        return encode_names
    asked = RANGE.fullmatch(dict(scope["headers"]).get(b"range", b""))
    return partial(cut, asked=asked) if asked and "versionId" in query else None


def cut(answer: Answer, asked: re.Match[bytes]) -> Answer:
    """Return the requested part of a whole object."""
    status, headers, body = answer
    first = int(asked["first"])
    if status != 200 or first >= len(body):
        return answer
    last = min(int(asked["last"] or len(body)), len(body) - 1)
    part = body[first : last + 1]
    kept = [each for each in headers if not each[0].lower().startswith(b"x-amz-checksum-")]
    content_range = (b"content-range", f"bytes {first}-{last}/{len(body)}".encode())
    return 206, [*_of_length(part, kept), content_range], part


def encode_names(answer: Answer) -> Answer:
    """Percent-encode every name in a listing, and add the element EncodingType."""
    status, headers, body = answer
    if status != 200:
        return answer

    def encoded(found: re.Match[str]) -> str:
        return f"<{found[1]}>{quote(unescape(found[2]), safe='/')}</{found[1]}>"

    text = NAMES.sub(encoded, body.decode())
    if "<EncodingType>" not in text:
        text = text.replace("<MaxKeys>", "<EncodingType>url</EncodingType><MaxKeys>", 1)
    mended = text.encode()
    return status, _of_length(mended, headers), mended


def _of_length(body: bytes, headers: Headers) -> Headers:
    kept = [each for each in headers if each[0].lower() != b"content-length"]
    return [*kept, (b"content-length", str(len(body)).encode())]
