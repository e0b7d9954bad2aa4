"""Reports in the reports bucket: the lists of all differences and remarks of an execution.

The folder ``reports/<set id>/<execution>/<call>/`` contains ``differences-00001.jsonl.gz`` and
further parts, with one JSON object a line. ``remarks-00001.jsonl.gz`` and further parts have the
same form. ``summary.json`` lists the keys of all parts. Each call of Notify writes to its own folder,
so two concurrent calls do not overwrite each other's objects.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3

from handlers.core.difference import Difference, Remark
from handlers.core.external_sort import Sorted
from handlers.core.listing import Listing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_LINES = 100_000
s3: S3Client = boto3.client("s3")


class Lines:
    """Lines of JSON, written to S3 in compressed parts; memory holds only the current part."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self.parts: list[str] = []
        """The keys of the parts that are written."""
        self.number = 0
        """The number of lines, including those of earlier calls."""
        self._bucket = bucket
        self._prefix = prefix
        self._buffer = io.BytesIO()
        self._part: gzip.GzipFile | None = None

    def add(self, line: Mapping[str, Any]) -> None:
        """Add a line, and write the part when it is full."""
        if self._part is None:
            self._part = gzip.GzipFile(fileobj=self._buffer, mode="wb", mtime=0)
        self._part.write(f"{json.dumps(line, ensure_ascii=False)}\n".encode())
        self.number += 1
        if self.number % PART_LINES == 0:
            self.flush()

    def flush(self) -> None:
        """Write the current part, if there is one."""
        if self._part is None:
            return
        self._part.close()
        key = f"{self._prefix}-{len(self.parts) + 1:05}.jsonl.gz"
        s3.put_object(Bucket=self._bucket, Key=key, Body=self._buffer.getvalue())
        self.parts.append(key)
        self._buffer, self._part = io.BytesIO(), None


class Report:
    """The report of one call of Notify; a later call may continue it in another folder."""

    def __init__(self, bucket: str, *, set_id: str, execution: str) -> None:
        self.bucket = bucket
        self._execution = f"{set_id}/{execution.rpartition(':')[2]}"
        self._call = f"{self._execution}/{uuid4().hex}"
        self.folder = f"reports/{self._call}"
        self._differences = Lines(bucket, f"{self.folder}/differences")
        self._remarks = Lines(bucket, f"{self.folder}/remarks")

    @property
    def uri(self) -> str:
        """The S3 URI of the summary."""
        return f"s3://{self.bucket}/{self.folder}/summary.json"

    @property
    def receipt_folder(self) -> str:
        """The prefix of the receipt of a verified set."""
        return f"receipts/{self._call}"

    @property
    def content_folder(self) -> str:
        """The prefix of the results of the content comparison."""
        return f"content/{self._execution}"

    def add(self, found: Difference | Remark) -> None:
        """Add a line for a difference, or for a remark."""
        lines = self._remarks if isinstance(found, Remark) else self._differences
        lines.add(found.report_line())

    def close(self, summary: Mapping[str, Any]) -> None:
        """Write the remaining lines, and the summary."""
        body = json.dumps({**summary, **self.suspend()}, ensure_ascii=False, indent=2)
        s3.put_object(Bucket=self.bucket, Key=f"{self.folder}/summary.json", Body=body.encode())

    def suspend(self) -> dict[str, Any]:
        """Write the remaining lines; return all parts' keys and the number of differences."""
        self._differences.flush()
        self._remarks.flush()
        return {
            "differences": self._differences.parts,
            "remarks": self._remarks.parts,
            "lines": self._differences.number,
        }

    def resume(self, suspended: Mapping[str, Any]) -> None:
        """Continue with the parts that an earlier call's :meth:`suspend` returned."""
        differences, remarks = list(suspended["differences"]), list(suspended["remarks"])
        self._differences.number = suspended["lines"]
        self._differences.parts, self._remarks.parts = differences, remarks

    def keep_manifest(self, tidy: Sorted, *, name: str = "manifest.sorted") -> Listing:
        """Store the tidy copy of a manifest, or of a part of it, and return its listing."""
        key = f"reports/{self._execution}/{name}"
        length = tidy.file.seek(0, io.SEEK_END)
        tidy.file.seek(0)
        s3.upload_fileobj(tidy.file, self.bucket, key)
        tidy.file.close()
        head = s3.head_object(Bucket=self.bucket, Key=key)
        return Listing(
            bucket=self.bucket,
            key=key,
            version_id=head.get("VersionId", "null"),
            end=length,
            entries=tidy.entries,
            size_bytes=tidy.size_bytes,
        )
