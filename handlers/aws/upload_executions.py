"""The executions of one manifest event, which may be delivered twice, or of one manifest version.

The gateway and a backfill may announce one version with different times; the executions of both
then have one outcome. The outcomes table has an item ``executions#<digest>`` for each event (bucket,
object key, event time), and one for each pinned version (bucket, object key, version). An item has two
sets of ARNs: ``executions``, to which the first check of each execution adds its own, and
``gaveUp``, the failed ones. Of executions that fail at the same time, the last one to give up finds
no other, and decides.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from handlers.core.events import ManifestUpload
from handlers.core.outcome import digest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

dynamodb: DynamoDBClient = boto3.client("dynamodb")


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadExecutions:
    """The item of one manifest event or version, in the outcomes table."""

    table: str
    expiry_days: int
    manifest: ManifestUpload
    version_id: str | None = None
    """The manifest's pinned version; None for the item of the event."""

    def add(self, execution: str) -> None:
        """Store that *execution* reconciles this manifest event."""
        self._add("executions", execution)

    def all(self) -> set[str]:
        """Return the ARNs of all executions whose first check has begun."""
        answer = dynamodb.get_item(TableName=self.table, Key=self._key, ConsistentRead=True)
        return _texts(answer.get("Item", {}), "executions")

    def give_up(self, execution: str) -> set[str]:
        """Store that *execution* failed; return the ARNs of the others that have not."""
        item = self._add("gaveUp", execution)
        return _texts(item, "executions") - _texts(item, "gaveUp")

    @property
    def _key(self) -> dict[str, Any]:
        upload = self.manifest.upload
        if self.version_id is None:
            of = digest(upload.bucket, upload.key, upload.event_time)
        else:
            of = digest(upload.bucket, upload.key, "version", self.version_id)
        return {"id": {"S": f"executions#{of}"}}

    def _add(self, attribute: str, execution: str) -> dict[str, Any]:
        expires_at = int(time.time()) + self.expiry_days * 86_400
        answer = dynamodb.update_item(
            TableName=self.table,
            Key=self._key,
            UpdateExpression=f"SET expiresAt = :expires ADD {attribute} :execution",
            ExpressionAttributeValues={
                ":expires": {"N": str(expires_at)},
                ":execution": {"SS": [execution]},
            },
            ReturnValues="ALL_NEW",
        )
        return answer["Attributes"]


def _texts(item: dict[str, Any], attribute: str) -> set[str]:
    return set(item.get(attribute, {"SS": []})["SS"])
