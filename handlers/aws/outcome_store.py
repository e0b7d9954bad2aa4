"""The outcomes table: the manifest version that an execution pinned, and the decision.

A call first writes the decision, then publishes the *stored* decision, then marks it as published.
The first decision is final, whichever call makes it; a crash between the steps can only repeat the
identical event. Of several calls at the same time, the one that claims the outcome publishes it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from handlers.core.errors import OutcomeInFlightError
from handlers.core.outcome import Outcome, digest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CLAIM_SECONDS = 30
"""The time for which other calls leave the publishing to the call that claimed it."""

dynamodb: DynamoDBClient = boto3.client("dynamodb")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeStore:
    """The outcomes table, and the expiry time of its items."""

    table: str
    expiry_days: int

    def pin(self, execution: str, version_id: str) -> str:
        """Store the manifest version that *execution* uses, unless one is stored; return the stored one."""
        self._put_new(f"pin#{execution}", manifestVersionId={"S": version_id})
        return self.pinned(execution) or version_id

    def pinned(self, execution: str) -> str | None:
        """Return the manifest version that *execution* pinned, or None."""
        item = self._get(f"pin#{execution}")
        return item["manifestVersionId"]["S"] if item else None

    def is_decided(self, outcome_id: str) -> bool:
        """Return whether a decision is stored."""
        return bool(self._get(outcome_id))

    def status(self, outcome_id: str) -> str | None:
        """Return the status of the stored decision, or None."""
        written = self._get(outcome_id)
        return json.loads(written["detail"]["S"])["status"] if written else None

    def decide(self, outcome: Outcome, *, call: str) -> None:
        """Store the decision with *call*'s claim to publish it, unless one is stored."""
        self._put_new(
            outcome.id,
            detail={"S": json.dumps(outcome.detail(), ensure_ascii=False)},
            decidedBy={"S": outcome.execution},
            claimedBy={"S": call},
            claimedUntil={"N": str(int(time.time()) + CLAIM_SECONDS)},
        )

    def claim(self, outcome_id: str, *, call: str) -> dict[str, Any] | None:
        """Return the stored decision for *call* to publish; None if it is published already.

        Raises:
            OutcomeInFlightError: Another call has claimed it, and its claim has not ended.
        """
        written = self._get(outcome_id)
        if "publishedAt" in written:
            return None
        if written.get("claimedBy") != {"S": call}:
            self._take_over(outcome_id, call)
        detail: dict[str, Any] = json.loads(written["detail"]["S"])
        return detail

    def decision(self, outcome_id: str) -> dict[str, Any]:
        """Return the stored decision."""
        detail: dict[str, Any] = json.loads(self._get(outcome_id)["detail"]["S"])
        return detail

    def mark_published(self, outcome_id: str) -> None:
        """Store that the outcome is published."""
        dynamodb.update_item(
            TableName=self.table,
            Key={"id": {"S": outcome_id}},
            UpdateExpression="SET publishedAt = :now",
            ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
        )

    def next_attempt(self, bucket: str, key: str, version_id: str) -> int:
        """Return a number, at least 2, that no attempt at this manifest version has had.

        The item with the counter does not expire: outcomes do, and their ids must not be used
        again.
        """
        answer = dynamodb.update_item(
            TableName=self.table,
            Key={"id": {"S": _attempts_id(bucket, key, version_id)}},
            UpdateExpression="ADD attemptsAgain :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )
        return 1 + int(answer["Attributes"]["attemptsAgain"]["N"])

    def last_attempt(self, bucket: str, key: str, version_id: str) -> int:
        """Return the highest number that :meth:`next_attempt` returned; 1 if there is none."""
        item = self._get(_attempts_id(bucket, key, version_id))
        return 1 + int(item["attemptsAgain"]["N"]) if item else 1

    def _take_over(self, outcome_id: str, call: str) -> None:
        now = int(time.time())
        try:
            dynamodb.update_item(
                TableName=self.table,
                Key={"id": {"S": outcome_id}},
                UpdateExpression="SET claimedBy = :call, claimedUntil = :until",
                ConditionExpression="attribute_not_exists(publishedAt) AND claimedUntil <= :now",
                ExpressionAttributeValues={
                    ":call": {"S": call},
                    ":until": {"N": str(now + CLAIM_SECONDS)},
                    ":now": {"N": str(now)},
                },
            )
        except dynamodb.exceptions.ConditionalCheckFailedException as error:
            raise OutcomeInFlightError(f"Another call publishes {outcome_id}") from error

    def _put_new(self, id_: str, **attributes: Any) -> None:
        expires_at = int(time.time()) + self.expiry_days * 86_400
        try:
            dynamodb.put_item(
                TableName=self.table,
                Item={"id": {"S": id_}, "expiresAt": {"N": str(expires_at)}, **attributes},
                ConditionExpression="attribute_not_exists(id)",
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return

    def _get(self, id_: str) -> dict[str, Any]:
        answer = dynamodb.get_item(
            TableName=self.table, Key={"id": {"S": id_}}, ConsistentRead=True
        )
        return answer.get("Item", {})


def _attempts_id(bucket: str, key: str, version_id: str) -> str:
    return f"attempts#{digest(bucket, key, version_id)}"
