"""A dead letter: its shape, its reason, and the target of a redrive. Pure.

===============  ==========================================================  =====================
shape            recognised by                                               target
===============  ==========================================================  =====================
sqs-record       a source queue's own dead-letter queue                      that source queue
target-envelope  the message attributes ``TARGET_ARN`` and ``ERROR_CODE``    ``TARGET_ARN``
on-failure       a body with ``requestContext`` and ``requestPayload``       the function, again
unknown          none of these                                               none: only set aside
===============  ==========================================================  =====================

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from handlers.core import json_fields
from handlers.core.errors import MalformedEventError
from handlers.core.events import (
    DATA_UPLOADED,
    MANIFEST_UPLOADED,
    DataUploads,
    ManifestUpload,
    ObjectUpload,
)
from operations.safe_text import shown

RECORDED = {
    DATA_UPLOADED: DataUploads.from_detail,
    MANIFEST_UPLOADED: ManifestUpload.from_detail,
}
"""The readers of the events in the queue *records*, by detail type."""


class Shape(StrEnum):
    """The form of a message, which depends on the service that wrote it."""

    SQS_RECORD = "sqs-record"
    TARGET_ENVELOPE = "target-envelope"
    ON_FAILURE = "on-failure"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message of a dead-letter queue, as it was received."""

    queue: str
    """The dead-letter queue's short name: uploads, records or undelivered."""
    message_id: str
    sent_ms: int
    """The time at which SQS received it, in Unix milliseconds."""
    shape: Shape
    reason: str
    target: str | None
    """The queue's URL or the ARN to which a redrive sends :attr:`payload`, or None."""
    payload: str
    body: str
    attributes: Mapping[str, str]

    @classmethod
    def from_message(
        cls, message: Mapping[str, Any], *, queue: str, source_url: str | None
    ) -> Self:
        """Read a received message; *source_url* is the queue whose dead letters these are."""
        body = message["Body"]
        attributes = {
            name: value.get("StringValue", "")
            for name, value in message.get("MessageAttributes", {}).items()
        }
        shape, reason, target, payload = _read(body, attributes, source_url)
        return cls(
            queue=queue,
            message_id=message["MessageId"],
            sent_ms=int(message.get("Attributes", {}).get("SentTimestamp", 0)),
            shape=shape,
            reason=reason,
            target=target,
            payload=payload,
            body=body,
            attributes=attributes,
        )

    def matches(self, *, ids: frozenset[str], reason: str) -> bool:
        """Return whether its id is in *ids*, unless that is empty, and its reason contains *reason*."""
        return (not ids or self.message_id in ids) and reason.lower() in self.reason.lower()

    @property
    def unreadable(self) -> bool:
        """Whether the function of its target cannot read it, so that a redrive brings it back."""
        if self.shape is Shape.ON_FAILURE:
            return self.reason.startswith(f"{MalformedEventError.__name__}:")
        if self.shape is not Shape.SQS_RECORD:
            return False
        try:
            event = json_fields.parsed(self.body)
            if self.queue == "uploads":
                ObjectUpload.from_gateway_event(event)
            else:
                reader = RECORDED[json_fields.text(event, "detail-type")]
                reader(json_fields.mapping(event, "detail"))
        except (MalformedEventError, KeyError):
            return True
        return False

    @property
    def short_target(self) -> str:
        """The target without the parts that all ARNs and URLs of this account share."""
        if self.target is None:
            return "none"
        if self.target.startswith("http"):
            return shown(f"sqs {self.target.rpartition('/')[2]}")
        parts = self.target.split(":", 5)
        return shown(f"{parts[2]} {parts[5]}") if len(parts) == 6 else shown(self.target)

    def wire(self) -> dict[str, Any]:
        """Return the fields for ``--json``."""
        return {
            "queue": self.queue,
            "messageId": self.message_id,
            "sent": self.sent_ms // 1000,
            "shape": self.shape.value,
            "reason": self.reason,
            "target": self.target,
            "attributes": dict(self.attributes),
            "body": self.body,
        }


def _read(
    body: str, attributes: Mapping[str, str], source_url: str | None
) -> tuple[Shape, str, str | None, str]:
    if "TARGET_ARN" in attributes:
        code, text = attributes.get("ERROR_CODE", ""), attributes.get("ERROR_MESSAGE", "")
        reason = f"{code or 'No error code'}: {text}" if text else code or "No error code"
        return Shape.TARGET_ENVELOPE, reason, attributes["TARGET_ARN"], body
    if source_url is not None:
        reason = attributes.get("Reason", "Received too often without success")
        return Shape.SQS_RECORD, reason, source_url, body
    envelope = _mapping(body)
    context = envelope.get("requestContext")
    if isinstance(context, dict) and "requestPayload" in envelope and "functionArn" in context:
        payload = json.dumps(envelope["requestPayload"], ensure_ascii=False)
        return Shape.ON_FAILURE, _failure(envelope, context), _function(context), payload
    return Shape.UNKNOWN, "Unknown form: this system does not write it", None, body


def _function(context: Mapping[str, Any]) -> str:
    """Return the function's ARN without a qualifier, so that the deployed version is invoked."""
    return ":".join(str(context["functionArn"]).split(":")[:7])


def _failure(envelope: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    response = envelope.get("responsePayload")
    if isinstance(response, dict) and response.get("errorMessage"):
        return f"{response.get('errorType', 'Error')}: {response['errorMessage']}"
    return str(context.get("condition", "The function failed"))


def _mapping(body: str) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
