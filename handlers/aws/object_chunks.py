"""S3 -> the bytes of one version of an object, in chunks, by short GETs.

A GET that stays open while tables and buckets are read may be reset after minutes. So each GET is
read at once, and repeated if it breaks off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import HTTPClientError, IncompleteReadError

CHUNK_BYTES = 1024 * 1024
LARGEST_GET_BYTES = 8 * CHUNK_BYTES
"""Most checks stop early, so GETs begin with one chunk and double."""
ATTEMPTS = 4


def object_chunks(s3: Any, place: dict[str, str], *, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes from *start* to *end* (exclusive) of the object at *place*.

    *place* has the parameters ``Bucket``, ``Key`` and ``VersionId`` of GetObject.
    """
    size = CHUNK_BYTES
    while start < end:
        stop = min(start + size, end)
        read = _read(s3, {**place, "Range": f"bytes={start}-{stop - 1}"})
        for at in range(0, len(read), CHUNK_BYTES):
            yield read[at : at + CHUNK_BYTES]
        start, size = stop, min(2 * size, LARGEST_GET_BYTES)


def _read(s3: Any, request: dict[str, str]) -> bytes:
    """Return the whole body of the answer; botocore retries requests, but not the reading of bodies."""
    for _ in range(ATTEMPTS - 1):
        try:
            return _body(s3, request)
        except (HTTPClientError, IncompleteReadError):
            continue
    return _body(s3, request)


def _body(s3: Any, request: dict[str, str]) -> bytes:
    body: bytes = s3.get_object(**request)["Body"].read()
    return body
