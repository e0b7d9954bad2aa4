"""A full comparison of a dataset that may take several calls of Notify.

A call that runs out of time stores its position, its counts and the written parts of the report,
and raises LookUnfinishedError. The next call for the same execution continues from there.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

import boto3

from handlers.aws.content_outcome import OpenLines
from handlers.aws.dataset import Dataset
from handlers.aws.report import Report
from handlers.aws.telemetry import logger
from handlers.core.content import Comparison
from handlers.core.difference import Difference, Remark
from handlers.core.errors import LookUnfinishedError
from handlers.core.progress import Progress
from handlers.core.tally import Tally, tally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

MAX_CALLS = 40
"""Each call takes up to 15 minutes. Step Functions retries Notify more often than this."""

dynamodb: DynamoDBClient = boto3.client("dynamodb")
s3: S3Client = boto3.client("s3")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLook:
    """The last look of one execution."""

    execution: str
    """The execution's ARN."""
    dataset: Dataset
    stopped_at: Difference | None
    """The difference at which the last check stopped."""
    report: Report
    table: str
    """The outcomes table."""
    expiry_days: int

    def result(
        self, out_of_time: Callable[[], bool], open_lines: Iterable[Comparison] = ()
    ) -> Tally | None:
        """Return the result of the comparison; None if it is unfinished after too many calls.

        *open_lines* are the comparisons of content that are not matches, in the order of their
        keys; they are added to the result and to the report.

        Raises:
            LookUnfinishedError: The time ran out; the next call continues.
        """
        calls, progress, found = self._resumed()
        if calls >= MAX_CALLS:
            return None
        merge, offset = self.dataset.open_merge(progress)
        # An earlier call has added the lines up to its end.
        rest = dropwhile(lambda line: line.key <= progress.after, open_lines)
        lines = OpenLines(rest, found, self.report)

        def add(each: Difference | Remark) -> None:
            lines.add_up_to(each.key, differs=isinstance(each, Difference))
            self.report.add(each)

        if tally(merge, found, report=add, out_of_time=out_of_time):
            lines.add_rest()
            return found
        lines.add_up_to(merge.after)
        self._keep(
            {
                "calls": calls + 1,
                "progress": progress.at(merge, offset()).payload(),
                "tally": found.payload(),
                "report": self.report.suspend(),
            }
        )
        raise LookUnfinishedError(f"The last look ran out of time after {merge.after!r}")

    def list_remarks(self, out_of_time: Callable[[], bool]) -> None:
        """Report the remarks of a set that a check found complete, until the time runs out."""
        merge, _ = self.dataset.open_merge(Progress())
        for found in merge.differences():
            if isinstance(found, Remark):
                self.report.add(found)
            elif found is None and out_of_time():
                return

    def _resumed(self) -> tuple[int, Progress, Tally]:
        """Return the number of earlier calls, the position of the last one, and its results."""
        kept = self._kept()
        try:
            if kept is not None:
                calls = kept["calls"]
                progress = Progress.from_payload(kept["progress"])
                found = Tally.from_payload(kept["tally"])
                self.report.resume(kept["report"])
                return calls, progress, found
        except (KeyError, TypeError, ValueError):
            logger.warning(
                "The last look was stored by another release: it begins again", exc_info=True
            )
        return 0, Progress(), Tally.begin(self.dataset.listing.entries, self.stopped_at)

    def _kept(self) -> dict[str, Any] | None:
        """Return the state that an earlier call stored, or None."""
        answer = dynamodb.get_item(
            TableName=self.table, Key={"id": {"S": self._id}}, ConsistentRead=True
        )
        if "Item" not in answer:
            return None
        place = answer["Item"]
        stored = s3.get_object(
            Bucket=self.report.bucket,
            Key=place["objectKey"]["S"],
            VersionId=place["versionId"]["S"],
        )
        kept: dict[str, Any] = json.loads(gzip.decompress(stored["Body"].read()))
        return kept

    def _keep(self, state: dict[str, Any]) -> None:
        """Write *state* beside the report, because it may be too large for a DynamoDB item."""
        key = f"{self.report.folder}/look.json.gz"
        body = gzip.compress(json.dumps(state).encode(), mtime=0)
        stored = s3.put_object(Bucket=self.report.bucket, Key=key, Body=body)
        expires_at = int(time.time()) + self.expiry_days * 86_400
        dynamodb.put_item(
            TableName=self.table,
            Item={
                "id": {"S": self._id},
                "objectKey": {"S": key},
                "versionId": {"S": stored.get("VersionId", "null")},
                "expiresAt": {"N": str(expires_at)},
            },
        )

    @property
    def _id(self) -> str:
        return f"look#{self.execution}"
