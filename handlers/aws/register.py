"""The register's table: one row a set's folder, and an index of those for which something is due.

Every write may be repeated. An arrival costs one write for each set in a batch of messages, and
none of the index, whose only attributes are the key and the time at which something is due.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from handlers.aws.telemetry import logger
from handlers.core.events import ManifestUpload
from handlers.core.execution import Execution
from handlers.core.naming import SetFolder
from handlers.core.set_register import START_AFTER_SECONDS, Arrival, SetRow

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "due"
DUE = {"S": "due"}
"""The index has one partition."""

dynamodb: DynamoDBClient = boto3.client(
    "dynamodb",
    config=Config(
        connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The table."""

    table: str

    def arrived(self, arrival: Arrival) -> None:
        """Write that data files of one set have arrived; the sweep looks at the set later."""
        first = _number(arrival.first)
        written = self._update(
            arrival.folder,
            "SET setId = :set, bucketName = :bucket, lastArrival = :last,"
            " firstArrival = if_not_exists(firstArrival, :first),"
            " due = if_not_exists(due, :due), dueAt = if_not_exists(dueAt, :at)",
            {
                ":set": {"S": arrival.set_id},
                ":bucket": {"S": arrival.bucket},
                ":first": first,
                ":last": _number(arrival.last),
                ":due": DUE,
                ":at": _number(time.time()),
            },
            condition="attribute_not_exists(lastArrival) OR lastArrival < :last",
        )
        if written is None or int(written["firstArrival"]["N"]) > arrival.first:
            self._update(
                arrival.folder,
                "SET firstArrival = :first",
                {":first": first},
                condition="firstArrival > :first",
            )

    def manifest_arrived(self, manifest: ManifestUpload) -> None:
        """Write that a manifest has arrived: all that is known of an earlier one is over."""
        now = time.time()
        self._update(
            SetFolder.of_manifest(manifest.upload.key).prefix,
            "SET setId = :set, bucketName = :bucket, manifest = :manifest, manifestTime = :time,"
            " manifestRecorded = :now, due = :due, dueAt = :at"
            " REMOVE executions, checkedAt, iteration, listed, standsAt, doneAt, outcome,"
            " outcomeId, concludedAt, overdueAt",
            {
                ":set": {"S": manifest.set_id},
                ":bucket": {"S": manifest.upload.bucket},
                ":manifest": {"S": json.dumps(manifest.detail(), ensure_ascii=False)},
                ":time": _number(manifest.upload.event_time),
                ":now": _number(now),
                ":due": DUE,
                ":at": _number(now + START_AFTER_SECONDS),
            },
            condition="attribute_not_exists(manifestTime) OR manifestTime < :time",
        )

    def checked(self, execution: Execution, *, listed: int, stands_at: str) -> None:
        """Write how far a check has come; the check goes on if that cannot be written."""
        self._of_manifest(
            execution.manifest,
            "SET iteration = :iteration, listed = :listed, standsAt = :key, checkedAt = :now"
            " ADD executions :execution",
            {
                ":iteration": _number(execution.iterations or 0),
                ":listed": _number(listed),
                ":key": {"S": stands_at},
                ":now": _number(time.time()),
                ":execution": {"SS": [execution.arn]},
            },
        )

    def concluded(self, manifest: ManifestUpload, outcome: Mapping[str, Any]) -> None:
        """Write the outcome; what arrives from now on belongs to another delivery.

        Where it cannot be written, the sweep has Notify write it.
        """
        self._of_manifest(
            manifest,
            "SET outcome = :status, outcomeId = :id, concludedAt = :at"
            " REMOVE due, dueAt, firstArrival",
            {
                ":status": {"S": outcome["status"]},
                ":id": {"S": outcome["outcome-id"]},
                ":at": _number(outcome["finished"]),
            },
        )

    def found(self, folder: str, *, set_id: str, bucket: str, due: bool) -> None:
        """Write a folder of which no event is known; it is *due* unless it was there for long."""
        now = _number(time.time())
        values = {":set": {"S": set_id}, ":bucket": {"S": bucket}}
        expression = "SET setId = :set, bucketName = :bucket"
        if due:
            expression += ", firstArrival = :now, lastArrival = :now, due = :due, dueAt = :now"
            values |= {":now": now, ":due": DUE}
        self._update(folder, expression, values, condition="attribute_not_exists(setId)")

    def due(self, now: int) -> Iterator[str]:
        """Yield the folders for which something is due, the longest due first."""
        request: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": INDEX,
            "KeyConditionExpression": "due = :due AND dueAt <= :now",
            "ExpressionAttributeValues": {":due": DUE, ":now": _number(now)},
        }
        while True:
            page = dynamodb.query(**request)
            yield from (item["folder"]["S"] for item in page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def row(self, folder: str) -> SetRow | None:
        """Return a folder's row."""
        answer = dynamodb.get_item(
            TableName=self.table, Key={"folder": {"S": folder}}, ConsistentRead=True
        )
        return SetRow.from_item(answer["Item"]) if "setId" in answer.get("Item", {}) else None

    def postpone(self, row: SetRow, at: int | None) -> None:
        """Write when *row* is due again, or that it is not, unless it has changed meanwhile."""
        if at is None:
            self._change(row, "REMOVE due, dueAt", {})
        else:
            self._change(row, "SET dueAt = :at", {":at": _number(at)})

    def announced(self, row: SetRow) -> None:
        """Write that the manifest of *row* was announced as overdue."""
        self._change(row, "SET overdueAt = :now REMOVE due, dueAt", {":now": _number(time.time())})

    def is_done(self, task: str, day: int) -> bool:
        """Return whether *task* was done on *day*."""
        answer = dynamodb.get_item(TableName=self.table, Key={"folder": {"S": f"#{task}"}})
        return int(answer.get("Item", {}).get("doneOn", {"N": "-1"})["N"]) >= day

    def done(self, task: str, day: int) -> None:
        """Write that *task* was done on *day*; a folder's key ends with a slash, this one does not."""
        values = {":day": _number(day)}
        condition = "attribute_not_exists(doneOn) OR doneOn < :day"
        self._update(f"#{task}", "SET doneOn = :day", values, condition=condition)

    def unknown(self, folders: Sequence[str]) -> list[str]:
        """Return those of a hundred *folders* at most that have no row."""
        answer = dynamodb.batch_get_item(
            RequestItems={
                self.table: {
                    "Keys": [{"folder": {"S": folder}} for folder in folders],
                    "ProjectionExpression": "folder",
                }
            }
        )
        known = {item["folder"]["S"] for item in answer["Responses"].get(self.table, [])}
        unread = answer.get("UnprocessedKeys", {}).get(self.table, {"Keys": []})["Keys"]
        known |= {str(key["folder"]["S"]) for key in unread}  # tomorrow is another day
        return [folder for folder in folders if folder not in known]

    def _change(self, row: SetRow, expression: str, values: dict[str, Any]) -> None:
        """Update *row* if no arrival and no manifest has changed it since it was read."""
        seen = {"dueAt": row.due_at, "lastArrival": row.last_arrival}
        conditions = []
        for name, value in seen.items():
            if value is None:
                conditions.append(f"attribute_not_exists({name})")
            else:
                conditions.append(f"{name} = :{name}")
                values[f":{name}"] = _number(value)
        self._update(row.folder, expression, values, condition=" AND ".join(conditions))

    def _of_manifest(
        self, manifest: ManifestUpload, expression: str, values: dict[str, Any]
    ) -> None:
        """Update the row as long as *manifest* is its newest; the writer may not know it yet.

        A further attempt has the time of the object, not of its upload.
        """
        folder = SetFolder.of_manifest(manifest.upload.key).prefix
        condition = "attribute_exists(setId)"
        if manifest.attempt == 1:
            values[":time"] = _number(manifest.upload.event_time)
            condition = "manifestTime = :time"
        try:
            if self._update(folder, expression, values, condition=condition) is None:
                self.manifest_arrived(manifest)
                self._update(folder, expression, values, condition=condition)
        except (BotoCoreError, ClientError):
            logger.exception("The register was not written", folder=folder)

    def _update(
        self, folder: str, expression: str, values: dict[str, Any], *, condition: str
    ) -> dict[str, Any] | None:
        """Update a row and return it; None where *condition* does not hold."""
        request: Any = {"ExpressionAttributeValues": values} if values else {}
        try:
            answer = dynamodb.update_item(
                TableName=self.table,
                Key={"folder": {"S": folder}},
                UpdateExpression=expression,
                ConditionExpression=condition,
                ReturnValues="ALL_NEW",
                **request,
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return None
        return answer["Attributes"]


def _number(value: float) -> dict[str, str]:
    return {"N": str(int(value))}
