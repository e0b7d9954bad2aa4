"""The whole list of differences, where it can be fetched: the reports bucket.

``<set id>/<execution>/differences-00001.jsonl.gz`` and on, a JSON object a line, and
``summary.json`` beside them.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3

from handlers.core.difference import Difference
from handlers.core.external_sort import Sorted
from handlers.core.listing import Listing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_LINES = 100_000
s3: S3Client = boto3.client("s3")


class Report:
    """Written in parts as it grows, so that its length takes no memory."""

    def __init__(self, bucket: str, *, set_id: str, execution: str) -> None:
        self._bucket = bucket
        self._folder = f"{set_id}/{execution.rpartition(':')[2]}"
        self._parts: list[str] = []
        self._lines = 0
        self._buffer = io.BytesIO()
        self._part: gzip.GzipFile | None = None

    @property
    def uri(self) -> str:
        """Where the summary is."""
        return f"s3://{self._bucket}/{self._folder}/summary.json"

    def tell(self, finding: Difference) -> None:
        """Add a line."""
        if self._part is None:
            self._part = gzip.GzipFile(fileobj=self._buffer, mode="wb", mtime=0)
        line = json.dumps(finding.wire(), ensure_ascii=False)
        self._part.write(f"{line}\n".encode())
        self._lines += 1
        if self._lines % PART_LINES == 0:
            self._close_part()

    def close(self, summary: Mapping[str, Any]) -> str:
        """Write what is left, and the summary; return the summary's S3 URI."""
        self._close_part()
        body = {**summary, "differences": self._parts, "lines": self._lines}
        self._put("summary.json", json.dumps(body, ensure_ascii=False, indent=2).encode())
        return self.uri

    def keep_manifest(self, tidy: Sorted) -> Listing:
        """Store the tidy copy of a manifest, and say where it is."""
        key = f"{self._folder}/manifest.sorted"
        length = tidy.file.seek(0, io.SEEK_END)
        tidy.file.seek(0)
        s3.upload_fileobj(tidy.file, self._bucket, key)
        tidy.file.close()
        head = s3.head_object(Bucket=self._bucket, Key=key)
        return Listing(
            bucket=self._bucket,
            key=key,
            version_id=head.get("VersionId", "null"),
            end=length,
            entries=tidy.entries,
            size_bytes=tidy.size_bytes,
        )

    def _close_part(self) -> None:
        if self._part is None:
            return
        self._part.close()
        name = f"differences-{len(self._parts) + 1:05}.jsonl.gz"
        self._put(name, self._buffer.getvalue())
        self._parts.append(name)
        self._buffer, self._part = io.BytesIO(), None

    def _put(self, name: str, body: bytes) -> None:
        s3.put_object(Bucket=self._bucket, Key=f"{self._folder}/{name}", Body=body)
