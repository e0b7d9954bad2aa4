"""The outcomes table: which manifest version an execution saw, and what was decided.

First the decision is written, then what is *written* is published, then that is noted.
The first decision is final, whoever makes it; a crash between the steps can only repeat
the identical event.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from handlers.core.errors import OutcomeInFlightError
from handlers.core.outcome import Outcome

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CLAIM_SECONDS = 60
"""How long others leave the publishing to the execution that decided."""

dynamodb: DynamoDBClient = boto3.client("dynamodb")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeStore:
    """The table, and how long its items live."""

    table: str
    expiry_days: int

    def pin(self, execution: str, version_id: str) -> str:
        """Note the manifest version that *execution* saw first; return the one noted."""
        self._put_new(f"pin#{execution}", manifestVersionId={"S": version_id})
        return self.pinned(execution) or version_id

    def pinned(self, execution: str) -> str | None:
        """Return the manifest version that *execution* saw first, if it came so far."""
        item = self._get(f"pin#{execution}")
        return item["manifestVersionId"]["S"] if item else None

    def is_decided(self, outcome_id: str) -> bool:
        """Say whether a decision was written."""
        return bool(self._get(outcome_id))

    def status(self, outcome_id: str) -> str | None:
        """Return the status of a decision; None if none is written."""
        written = self._get(outcome_id)
        return json.loads(written["detail"]["S"])["status"] if written else None

    def decide(self, outcome: Outcome) -> None:
        """Write the decision, if it is the first."""
        self._put_new(
            outcome.id,
            detail={"S": json.dumps(outcome.detail(), ensure_ascii=False)},
            decidedBy={"S": outcome.execution},
            claimedUntil={"N": str(int(time.time()) + CLAIM_SECONDS)},
        )

    def to_publish(self, outcome_id: str, execution: str) -> dict[str, Any] | None:
        """Return what was decided, for *execution* to publish; None if it was published.

        Raises:
            OutcomeInFlightError: Another execution decided, and is about to publish.
        """
        written = self._get(outcome_id)
        if "publishedAt" in written:
            return None
        mine = written["decidedBy"]["S"] == execution
        if not mine and time.time() < int(written["claimedUntil"]["N"]):
            raise OutcomeInFlightError(f"{written['decidedBy']['S']} announces {outcome_id}")
        detail: dict[str, Any] = json.loads(written["detail"]["S"])
        return detail

    def mark_published(self, outcome_id: str) -> None:
        """Note that the outcome has been announced."""
        dynamodb.update_item(
            TableName=self.table,
            Key={"id": {"S": outcome_id}},
            UpdateExpression="SET publishedAt = :now",
            ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
        )

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
