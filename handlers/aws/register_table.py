"""The register's table: rows by key, and an index of the rows for which something is due.

The attribute ``folder`` is the key of every row. It contains a set's folder, with a slash at its
end, the ARN of an execution, or a ``#`` and the name of one of the sweep's own tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

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
class RegisterTable:
    """The register's table."""

    table: str

    def due(self, now: int) -> Iterator[str]:
        """Yield the keys of the rows that are due at *now*, the longest due first."""
        request: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": INDEX,
            "KeyConditionExpression": "due = :due AND dueAt <= :now",
            "ExpressionAttributeValues": {":due": DUE, ":now": number(now)},
        }
        while True:
            page = dynamodb.query(**request)
            yield from (item["folder"]["S"] for item in page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def item(self, key: str) -> dict[str, Any]:
        """Return a row in DynamoDB's format; an empty one if there is none."""
        answer = dynamodb.get_item(
            TableName=self.table, Key={"folder": {"S": key}}, ConsistentRead=True
        )
        return answer.get("Item", {})

    def update(
        self, key: str, expression: str, values: dict[str, Any], *, condition: str
    ) -> dict[str, Any] | None:
        """Update a row and return it; return None if *condition* is false."""
        request: Any = {"ExpressionAttributeValues": values} if values else {}
        try:
            answer = dynamodb.update_item(
                TableName=self.table,
                Key={"folder": {"S": key}},
                UpdateExpression=expression,
                ConditionExpression=condition,
                ReturnValues="ALL_NEW",
                **request,
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return None
        return answer["Attributes"]

    def is_done(self, task: str, day: int) -> bool:
        """Return whether *task* was done on *day*."""
        return int(self.item(f"#{task}").get("doneOn", {"N": "-1"})["N"]) >= day

    def done(self, task: str, day: int) -> None:
        """Write that *task* was done on *day*."""
        values = {":day": number(day)}
        condition = "attribute_not_exists(doneOn) OR doneOn < :day"
        self.update(f"#{task}", "SET doneOn = :day", values, condition=condition)


def number(value: float) -> dict[str, str]:
    """Return a whole number in DynamoDB's format."""
    return {"N": str(int(value))}
