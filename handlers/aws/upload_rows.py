"""Write rows to the upload event table: a row keeps the newest event of its key.

The writer slows down if the table throttles, and stops at once if the table is unavailable. It
returns the messages of unwritten rows with the reason, and SQS delivers them again later.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from handlers.aws.telemetry import logger
from handlers.core.events import ObjectUpload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WRITERS = 8
MAX_ROUND_ROWS = 256
KEYS_A_CALL = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
FIRST_PAUSE_SECONDS = 0.1
MAX_PAUSE_SECONDS = 2.0
THROTTLING = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
}
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html"""

OUT_OF_TIME = "The function's time ended before the row's turn"
NEVER = (-1, -1)
"""Less than the recency of every upload."""

dynamodb: DynamoDBClient = boto3.client(
    "dynamodb",
    config=Config(
        max_pool_connections=WRITERS,
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 2},
    ),
)

NEWER = (
    "attribute_not_exists(eventTime) OR eventTime < :time"
    " OR (eventTime = :time AND objectSize < :size) OR expiresAt <= :now"
)
"""The condition under which an event replaces a row. Of two events in one second, the larger size
wins, so their order does not matter. An expired row counts as absent."""


class Put(Enum):
    """The result of writing one row."""

    WRITTEN = auto()
    REPEATED = auto()
    """The row has this event already, or a newer one."""
    THROTTLED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRow:
    """An upload to record, and the message that announced it."""

    message_id: str
    set_id: str
    upload: ObjectUpload
    repeated: bool = False
    """True if the message was delivered before, so the row may exist."""

    @property
    def key(self) -> dict[str, dict[str, str]]:
        """The row's key."""
        return {"setId": {"S": self.set_id}, "objectKey": {"S": self.upload.key}}


@dataclass(slots=True)
class Written:
    """The numbers of written and repeated rows, and the messages with unwritten rows."""

    rows: int = 0
    repeated: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    """The reasons by message id."""

    def fail(self, rows: Iterable[UploadRow], reason: str) -> None:
        """Add the messages of *rows* to the failures."""
        for row in rows:
            self.failures.setdefault(row.message_id, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRows:
    """The table, and the lifetime of its rows."""

    table: str
    expiry_days: int

    def write(self, rows: Sequence[UploadRow], out_of_time: Callable[[], bool]) -> Written:
        """Write *rows* until *out_of_time*, in rounds that grow while the table does not throttle.

        A row that the table throttles is put again in the next round, after a pause. If every row
        of a round fails, the table is not available, and the round is the last one. Rows that an
        earlier receive of the same messages has written are not put again: a slow table is filled
        by several receives.
        """
        written = Written()
        ahead = deque(self._without_known(rows, written, out_of_time))
        round_rows, pause_seconds = WRITERS, FIRST_PAUSE_SECONDS
        with ThreadPoolExecutor(WRITERS) as writers:
            while ahead:
                if out_of_time():
                    written.fail(ahead, OUT_OF_TIME)
                    break
                some = [ahead.popleft() for _ in range(min(round_rows, len(ahead)))]
                puts = self._put_all(writers, some, written)
                if all(put is Put.FAILED for put in puts):
                    written.fail(ahead, "The table is not available")
                    break
                throttled = [
                    row for row, put in zip(some, puts, strict=True) if put is Put.THROTTLED
                ]
                if not throttled:
                    round_rows = min(2 * round_rows, MAX_ROUND_ROWS)
                    continue
                ahead.extendleft(reversed(throttled))
                if len(throttled) < len(some):
                    pause_seconds = FIRST_PAUSE_SECONDS
                time.sleep(pause_seconds)
                pause_seconds = min(2 * pause_seconds, MAX_PAUSE_SECONDS)
        return written

    def _without_known(
        self, rows: Sequence[UploadRow], written: Written, out_of_time: Callable[[], bool]
    ) -> Iterator[UploadRow]:
        """Yield *rows*, except the rows of repeated messages that the table already has."""
        yield from (row for row in rows if not row.repeated)
        repeated = [row for row in rows if row.repeated]
        for first in range(0, len(repeated), KEYS_A_CALL):
            if out_of_time():
                written.fail(repeated[first:], OUT_OF_TIME)
                return
            some = repeated[first : first + KEYS_A_CALL]
            known = self._known(some)
            for row in some:
                if known.get((row.set_id, row.upload.key), NEVER) >= row.upload.recency:
                    written.repeated += 1
                else:
                    yield row

    def _known(self, rows: Sequence[UploadRow]) -> dict[tuple[str, str], tuple[int, int]]:
        """Return the ages by key of the *rows* in the table; rows that it cannot return are left out."""
        keys = {(row.set_id, row.upload.key): row.key for row in rows}
        wanted = "setId, objectKey, eventTime, objectSize, expiresAt"
        try:
            answer = dynamodb.batch_get_item(
                RequestItems={
                    self.table: {"Keys": list(keys.values()), "ProjectionExpression": wanted}
                }
            )
        except (BotoCoreError, ClientError) as error:
            logger.info("Rows are put without being read first", reason=str(error))
            return {}
        return {
            (item["setId"]["S"], item["objectKey"]["S"]): (
                int(item["eventTime"]["N"]),
                int(item["objectSize"]["N"]),
            )
            for item in answer["Responses"].get(self.table, [])
            if int(item["expiresAt"]["N"]) > time.time()
        }

    def _put_all(self, writers: Executor, rows: Sequence[UploadRow], written: Written) -> list[Put]:
        """Put *rows* concurrently; count and return the result of each."""
        puts: list[Put] = []
        for row, (put, reason) in zip(rows, writers.map(self._put, rows), strict=True):
            puts.append(put)
            written.rows += put is Put.WRITTEN
            written.repeated += put is Put.REPEATED
            if put is Put.FAILED:
                written.fail([row], reason)
        return puts

    def _put(self, row: UploadRow) -> tuple[Put, str]:
        item = self.item(row)
        try:
            dynamodb.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression=NEWER,
                ExpressionAttributeValues={
                    ":time": item["eventTime"],
                    ":size": item["objectSize"],
                    ":now": {"N": str(int(time.time()))},
                },
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            logger.debug("Skipped: the row has a newer event", object_key=row.upload.key)
            return Put.REPEATED, ""
        except ClientError as error:
            throttled = error.response["Error"]["Code"] in THROTTLING
            return Put.THROTTLED if throttled else Put.FAILED, str(error)
        except BotoCoreError as error:
            return Put.FAILED, str(error)
        return Put.WRITTEN, ""

    def item(self, row: UploadRow) -> dict[str, Any]:
        """Return the row in DynamoDB's format; it expires ``expiry_days`` after it is written."""
        upload = row.upload
        return {
            **row.key,
            "bucketName": {"S": upload.bucket},
            "objectSize": {"N": str(upload.size_bytes)},
            "eventTime": {"N": str(upload.event_time)},
            "expiresAt": {"N": str(int(time.time()) + self.expiry_days * 86_400)},
        }
