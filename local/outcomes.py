"""Hearing of a set's outcome as any consumer does: a rule on the vault's bus, a queue."""

from __future__ import annotations

import json
import uuid
from types import TracebackType
from typing import Any, Self

from local.deployed_system import DeployedSystem

SOURCE = "vault.application"
DETAIL_TYPES = [
    f"File Upload Reconciliation {ending}" for ending in ("Successful", "Timeout", "Failed")
]

Event = dict[str, Any]


class OutcomeSubscription:
    """Subscribed to the outcomes of one set, from ``with`` to its end."""

    def __init__(self, system: DeployedSystem, set_id: str) -> None:
        self._name = f"vault-watch-{uuid.uuid4().hex[:8]}"
        self._bus = system.bus
        self._events = system.client("events")
        self._sqs = system.client("sqs")
        self._pattern = {
            "source": [SOURCE],
            "detail-type": DETAIL_TYPES,
            "detail": {"set-id": [set_id]},
        }
        self._queue_url = ""

    def __enter__(self) -> Self:
        """Create queue and rule."""
        self._queue_url = self._sqs.create_queue(QueueName=self._name)["QueueUrl"]
        rule_arn = self._events.put_rule(
            Name=self._name, EventBusName=self._bus, EventPattern=json.dumps(self._pattern)
        )["RuleArn"]
        queue_arn = self._sqs.get_queue_attributes(
            QueueUrl=self._queue_url, AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
        may_send = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may_send]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue_url, Attributes={"Policy": policy})
        self._events.put_targets(
            Rule=self._name, EventBusName=self._bus, Targets=[{"Id": "queue", "Arn": queue_arn}]
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Delete both again."""
        self._events.remove_targets(Rule=self._name, EventBusName=self._bus, Ids=["queue"])
        self._events.delete_rule(Name=self._name, EventBusName=self._bus)
        self._sqs.delete_queue(QueueUrl=self._queue_url)

    def receive(self, *, wait_seconds: int = 0) -> Event | None:
        """Take the next outcome event; None if none comes within *wait_seconds* (20 at most)."""
        answer = self._sqs.receive_message(QueueUrl=self._queue_url, WaitTimeSeconds=wait_seconds)
        for message in answer.get("Messages", []):
            self._sqs.delete_message(
                QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"]
            )
            event: Event = json.loads(message["Body"])
            return event
        return None
