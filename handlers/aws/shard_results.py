"""The results of a worker for its shard: a line for each comparison, counts, and its position."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

from handlers.aws.object_content import Reading
from handlers.core.content import Comparison, Verdict

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

s3: S3Client = boto3.client("s3")


@dataclass(slots=True, kw_only=True)
class ShardResults:
    """The results of one shard, in the reports bucket."""

    bucket: str
    folder: str
    """The prefix of the round's results."""
    number: int
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    """The finished comparisons, by key."""
    readings: dict[str, Reading] = field(default_factory=dict)
    """The objects that are still to be read, or are read in part, by key."""
    folders: int = 0

    @property
    def key(self) -> str:
        """The key of the counts, without its ending."""
        return f"{self.folder}/{self.number:05}"

    def resume(self) -> None:
        """Continue where an earlier call stopped, if there was one."""
        answer = s3.list_objects_v2(
            Bucket=self.bucket, Prefix=f"{self.key}.unfinished.json.gz", MaxKeys=1
        )
        if not answer["KeyCount"]:
            return
        stored = s3.get_object(Bucket=self.bucket, Key=f"{self.key}.unfinished.json.gz")
        kept = json.loads(gzip.decompress(stored["Body"].read()))
        for line in kept["comparisons"]:
            self.add(Comparison.from_line(line))
        for payload in kept["readings"]:
            self.add(Reading.from_payload(payload))

    def add(self, found: Comparison | Reading) -> None:
        """Add a finished comparison, or the position at which a reading continues."""
        if isinstance(found, Reading):
            self.readings[found.entry.key] = found
        else:
            self.readings.pop(found.key, None)
            self.comparisons[found.key] = found

    def suspend(self) -> None:
        """Store comparisons and readings, so that a later call can continue them."""
        state = {
            "comparisons": [each.line() for each in self.comparisons.values()],
            "readings": [each.payload() for each in self.readings.values()],
        }
        self._put(".unfinished.json.gz", gzip.compress(json.dumps(state).encode(), mtime=0))

    def close(self) -> dict[str, Any]:
        """Write the results, and last the counts, which make them complete; return the counts."""
        found = [self.comparisons[key] for key in sorted(self.comparisons)]
        verified = sum(each.verdict is Verdict.MATCH for each in found)
        body = _lines({**each.line(), "at": int(time.time())} for each in found)
        self._put(".jsonl.gz", body)
        counts = {"entries": len(found) + self.folders, "verified": verified}
        result = {
            **counts,
            "sha256": hashlib.sha256(body).hexdigest(),
            "open": [each.line() for each in found if each.verdict is not Verdict.MATCH],
        }
        self._put(".json", json.dumps(result, ensure_ascii=False).encode())
        return counts

    def _put(self, ending: str, body: bytes) -> None:
        s3.put_object(Bucket=self.bucket, Key=f"{self.key}{ending}", Body=body)


def _lines(lines: Iterable[dict[str, Any]]) -> bytes:
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    return gzip.compress(text.encode(), mtime=0)
