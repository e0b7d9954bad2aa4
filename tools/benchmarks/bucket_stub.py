"""A stub of S3: a bucket that can be listed, and a few objects with content.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import base64
import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from html import escape
from typing import Any
from urllib.parse import quote_plus

from local.emulator.aws_limits import RefusedByAwsError, check
from tools.benchmarks.synthetic_set import BUCKET, Uploads, checksum_of

MODIFIED = "2026-11-24T00:00:00.000Z"
MOST_KEYS = 1000
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
LIST_PARAMETERS = {
    "prefix": "Prefix",
    "start-after": "StartAfter",
    "continuation-token": "ContinuationToken",
}
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of S3: its status, headers, and body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | memoryview = b""


@dataclass(slots=True)
class BucketStub:
    """Answers S3's requests. Only a list of the upload bucket contains the dataset."""

    objects: Uploads
    stored: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """The contents and versions of objects, by key."""
    _parts: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[str, Answer]:
        """Return the operation of a request, and its answer."""
        bucket, _, key = path.removeprefix("/").partition("/")
        match method:
            case "GET" if query.get("list-type") == "2" and not key:
                return "ListObjectsV2", self._list_answer(bucket, query)
            case "GET":
                return "GetObject", self._get(key, query, headers)
            case "HEAD":
                listed = self._head(key)
                return "HeadObject", listed or self._get(key, query, headers)
            case "PUT" if "partNumber" in query:
                self._parts[query["uploadId"]][int(query["partNumber"])] = body
                return "UploadPart", Answer(headers={"ETag": _etag(body)})
            case "PUT":
                return "PutObject", self._store(key, body)
            case "POST" if "uploads" in query:
                upload_id = f"upload-{len(self._parts)}"
                self._parts[upload_id] = {}
                return "CreateMultipartUpload", _result(
                    "InitiateMultipartUpload", f"<UploadId>{upload_id}</UploadId>"
                )
            case "POST" if "uploadId" in query:
                parts = self._parts.pop(query["uploadId"])
                whole = b"".join(parts[number] for number in sorted(parts))
                stored = self._store(key, whole)
                tag = f"<ETag>{escape(stored.headers['ETag'])}</ETag>"
                return "CompleteMultipartUpload", _result("CompleteMultipartUpload", tag)
            case "DELETE" if "uploadId" in query:
                self._parts.pop(query["uploadId"], None)
                return "AbortMultipartUpload", Answer(status=204)
        return method, _error(501, "NotImplemented")

    def _list_answer(self, bucket: str, query: Mapping[str, str]) -> Answer:
        given: dict[str, Any] = {
            parameter: query[name] for name, parameter in LIST_PARAMETERS.items() if name in query
        }
        if "max-keys" in query:
            given["MaxKeys"] = int(query["max-keys"])
        try:
            check("s3", "ListObjectsV2", {"Bucket": bucket, **given})
        except RefusedByAwsError as error:
            return _error(400, error.code)
        return Answer(body=self._list(bucket, query))

    def _list(self, bucket: str, query: Mapping[str, str]) -> bytes:
        keys, sizes = self.objects.keys, self.objects.sizes
        if bucket != BUCKET:
            keys = sorted(self.stored, key=str.encode)
            sizes = [len(self.stored[key][0]) for key in keys]
        prefix = query.get("prefix", "")
        after = query.get("start-after", "")
        token = query.get("continuation-token")
        if token is not None:
            after = base64.urlsafe_b64decode(token).decode()
        stop = bisect_left(keys, prefix[:-1] + chr(ord(prefix[-1]) + 1)) if prefix else len(keys)
        start = max(bisect_left(keys, prefix), bisect_right(keys, after))
        most = min(int(query.get("max-keys", MOST_KEYS)), MOST_KEYS)
        end = max(start, min(start + most, stop))
        encoded = query.get("encoding-type") == "url"
        page = _url_encoded(keys[start:end]) if encoded else list(map(escape, keys[start:end]))
        more = ""
        if end < stop:
            next_token = base64.urlsafe_b64encode(keys[end - 1].encode()).decode()
            more = f"<NextContinuationToken>{next_token}</NextContinuationToken>"
        return "".join(
            [
                '<?xml version="1.0" encoding="UTF-8"?>\n',
                f'<ListBucketResult xmlns="{NAMESPACE}"><Name>{bucket}</Name>',
                f"<Prefix>{quote_plus(prefix, safe='/') if encoded else escape(prefix)}</Prefix>",
                f"<KeyCount>{end - start}</KeyCount><MaxKeys>{most}</MaxKeys>",
                "<EncodingType>url</EncodingType>" if encoded else "",
                f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>",
                more,
                *[
                    f"<Contents><Key>{key}</Key><LastModified>{MODIFIED}</LastModified>"
                    f"<ETag>&quot;{number:032x}&quot;</ETag>"
                    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
                    "<ChecksumType>FULL_OBJECT</ChecksumType>"
                    f"<Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
                    for number, (key, size) in enumerate(
                        zip(page, sizes[start:end], strict=True), start
                    )
                ],
                "</ListBucketResult>",
            ]
        ).encode()

    def _get(self, key: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        body, version = self.stored.get(key, (b"", ""))
        if not version or query.get("versionId", version) != version:
            return _error(404, "NoSuchKey" if not version else "NoSuchVersion")
        described = {
            "ETag": f'"{len(body):032x}"',
            "Last-Modified": formatdate(usegmt=True),
            "Accept-Ranges": "bytes",
            "x-amz-version-id": version,
        }
        wanted = RANGE.fullmatch(headers.get("range", ""))
        if wanted is None:
            return Answer(headers=described, body=memoryview(body))
        start, last = int(wanted[1]), min(int(wanted[2] or len(body)), len(body) - 1)
        if start >= len(body):
            return _error(416, "InvalidRange")
        described["Content-Range"] = f"bytes {start}-{last}/{len(body)}"
        return Answer(status=206, headers=described, body=memoryview(body)[start : last + 1])

    def _head(self, key: str) -> Answer | None:
        """Return the description of an object without content, if the bucket lists it."""
        at = bisect_left(self.objects.keys, key)
        if key in self.stored or at == len(self.objects.keys) or self.objects.keys[at] != key:
            return None
        checksum = base64.b64encode(checksum_of(key).to_bytes(8, "big")).decode()
        described = {
            "Content-Length": str(self.objects.sizes[at]),
            "ETag": f'"{at:032x}"',
            "Last-Modified": formatdate(usegmt=True),
            "x-amz-version-id": f"v-{at}",
            "x-amz-checksum-crc64nvme": checksum,
            "x-amz-checksum-type": "FULL_OBJECT",
        }
        return Answer(headers=described)

    def _store(self, key: str, body: bytes) -> Answer:
        self.stored[key] = (body, f"v-{_etag(body)[1:17]}")
        return Answer(headers={"ETag": _etag(body), "x-amz-version-id": self.stored[key][1]})


def _url_encoded(keys: Sequence[str]) -> list[str]:
    """Encode *keys* as ``encoding-type=url`` does; no key contains a line feed here."""
    return quote_plus("\n".join(keys), safe="/*").split("%0A") if keys else []


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _result(name: str, inside: str) -> Answer:
    root = f"{name}Result"
    return Answer(body=f'<{root} xmlns="{NAMESPACE}">{inside}</{root}>'.encode())


def _error(status: int, code: str) -> Answer:
    return Answer(
        status=status, body=f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
    )
