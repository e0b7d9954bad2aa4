"""Outcomes of a set, received like any consumer: from a rule on the vault's bus, through a queue."""

from __future__ import annotations

import json
import signal
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from local.deployed_system import DeployedSystem

SOURCE = "vault.application"
DETAIL_TYPES = {
    status: f"File Upload Reconciliation {ending}"
    for status, ending in (
        ("Successful", "Successful"),
        ("Timed out", "Timeout"),
        ("Failed", "Failed"),
    )
}

Event = dict[str, Any]


class OutcomeSubscription:
    """A subscription to the outcomes of one set, or of all, which a ``with`` block creates and deletes."""

    def __init__(self, system: DeployedSystem, set_id: str | None = None) -> None:
        self._name = f"vault-watch-{uuid.uuid4().hex[:8]}"
        self._bus = system.bus
        self._events = system.client("events")
        self._sqs = system.client("sqs")
        self._pattern = {
            "source": [SOURCE],
            "detail-type": list(DETAIL_TYPES.values()),
            **({} if set_id is None else {"detail": {"set-id": [set_id]}}),
        }
        self._queue_url = ""
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        """Create queue and rule; an interruption leaves neither behind."""
        with ExitStack() as created:
            created.callback(self._delete)
            self._create()
            self._cleanup = created.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Delete queue and rule."""
        self._cleanup.close()

    def _create(self) -> None:
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

    def _delete(self) -> None:
        """Delete rule and queue, as far as they exist, without interruption."""
        rule = {"EventBusName": self._bus}
        with _uninterrupted():
            for remove, request in (
                (self._events.remove_targets, {"Rule": self._name, "Ids": ["queue"], **rule}),
                (self._events.delete_rule, {"Name": self._name, **rule}),
                (self._delete_queue, {}),
            ):
                with suppress(BotoCoreError, ClientError):  # never created, or the endpoint is gone
                    remove(**request)

    def _delete_queue(self) -> None:
        url = self._queue_url or self._sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
        self._sqs.delete_queue(QueueUrl=url)

    def receive(self, *, wait_seconds: int = 0) -> Event | None:
        """Return the next outcome event, or None if none arrives within *wait_seconds* (at most 20)."""
        answer = self._sqs.receive_message(QueueUrl=self._queue_url, WaitTimeSeconds=wait_seconds)
        for message in answer.get("Messages", []):
            self._sqs.delete_message(
                QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"]
            )
            event: Event = json.loads(message["Body"])
            return event
        return None


def known_outcome(system: DeployedSystem, manifest: Path) -> Event | None:
    """Return the newest outcome of *manifest*, a file in the share, or None.

    The outcomes table has no index by set, so all of it is read; a local system is small enough.
    """
    key = f"{manifest.parent.name}/{manifest.name}"
    try:
        uploaded = system.client("s3").get_object(Bucket=system.bucket, Key=key)
    except ClientError:
        return None
    if uploaded["Body"].read() != manifest.read_bytes():
        return None  # the gateway has not uploaded it yet
    pages = (
        system.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=system.outcome_table, FilterExpression="attribute_exists(publishedAt)")
    )
    details = (json.loads(item["detail"]["S"]) for page in pages for item in page["Items"])
    current = [
        detail
        for detail in details
        if detail["object-key"] == key
        and detail.get("manifest-version-id") == uploaded.get("VersionId", "null")
    ]
    if not current:
        return None
    newest: Event = max(current, key=lambda detail: int(detail["attempt"]))
    return {"source": SOURCE, "detail-type": DETAIL_TYPES[newest["status"]], "detail": newest}


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C and termination signals for a moment; only the main thread receives them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
