"""Responses of the emulator's S3 that the patch corrects."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from local.emulator.s3_gaps import without_s3_gaps

LISTING = (
    "<ListVersionsResult><Prefix>s/</Prefix><MaxKeys>1000</MaxKeys>"
    "<Version><Key>s/100% &lt;a&gt; &amp; +\n😀</Key><VersionId>v</VersionId></Version>"
    "</ListVersionsResult>"
)


def get(query: str, body: bytes, *, asked: str = "", status: int = 200) -> tuple[int, Any, bytes]:
    """Send a request to an S3 that responds with *body* in two pieces."""
    sent: list[dict[str, Any]] = []
    checksum = (b"x-amz-checksum-crc32", b"x")
    headers = [(b"etag", b"e"), (b"content-length", str(len(body)).encode()), checksum]
    scope = {
        "type": "http",
        "method": "GET",
        "query_string": query.encode(),
        "headers": [(b"range", asked.encode())] if asked else [],
    }

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body[:4], "more_body": True})
        await send({"type": "http.response.body", "body": body[4:]})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def request() -> None:
        await without_s3_gaps(inner)(scope, None, send)

    asyncio.run(request())
    whole = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], dict(sent[0]["headers"]), whole


@pytest.mark.parametrize(
    ("asked", "body", "content_range"),
    [
        ("bytes=4-", b"456789", b"bytes 4-9/10"),
        ("bytes=0-0", b"0", b"bytes 0-0/10"),
        ("bytes=8-99", b"89", b"bytes 8-9/10"),
    ],
)
def test_a_range_of_a_version_returns_only_the_range(
    asked: str, body: bytes, content_range: bytes
) -> None:
    status, headers, sent = get("versionId=v", b"0123456789", asked=asked)

    assert (status, sent) == (206, body)
    assert headers == {
        b"etag": b"e",
        b"content-length": str(len(body)).encode(),
        b"content-range": content_range,
    }


@pytest.mark.parametrize(
    ("query", "asked", "status"),
    [
        ("versionId=v", "bytes=4-", 404),  # no object
        ("versionId=v", "bytes=99-", 200),  # no such range
        ("versionId=v", "", 200),
        ("", "bytes=4-", 200),  # of the newest version, which the emulator supports
        ("versions", "", 200),  # no encoding requested
    ],
)
def test_other_responses_are_unchanged(query: str, asked: str, status: int) -> None:
    assert get(query, b"0123456789", asked=asked, status=status)[::2] == (status, b"0123456789")


def test_versions_are_listed_with_encoded_keys_on_demand() -> None:
    status, headers, body = get("versions&encoding-type=url", LISTING.encode())

    assert status == 200
    assert headers[b"content-length"] == str(len(body)).encode()
    assert body.decode() == (
        "<ListVersionsResult><Prefix>s/</Prefix>"
        "<EncodingType>url</EncodingType><MaxKeys>1000</MaxKeys>"
        "<Version><Key>s/100%25%20%3Ca%3E%20%26%20%2B%0A%F0%9F%98%80</Key>"
        "<VersionId>v</VersionId></Version></ListVersionsResult>"
    )
