"""The handlers' clients in a simulation: a table, a bus and the queues' API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, cast

from botocore.exceptions import ClientError

from tools.simulation.clock import Clock
from tools.simulation.queue import Queue
from tools.simulation.usage import Usage, chunks

PUT_SECONDS = 0.005
REFUSED_SECONDS = 0.15
"""The SDK retries once before it fails."""
UNAVAILABLE_SECONDS = 1.0
PUT_EVENTS_SECONDS = 0.03
QUEUE_CALL_SECONDS = 0.01


class ConditionalCheckFailedException(ClientError):  # noqa: N818 - boto3's own name
    """The row already has this event or a newer one."""


def _error(code: str, status: int) -> ClientError:
    metadata = cast(Any, {"HTTPStatusCode": status})
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, "PutItem")


@dataclass(slots=True, kw_only=True)
class Table:
    """A DynamoDB table with one partition, a limit of writes per second, and one second of burst."""

    clock: Clock
    usage: Usage
    writes_a_second: float
    writers: int
    """The number of concurrent puts of a function."""
    is_available: Callable[[float], bool] = lambda now: True
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The time and size of the newest event, by object key."""
    last_written: float = 0.0
    throttled: int = 0
    _tokens: float = 0.0
    _filled: float = 0.0
    _lock: Any = field(default_factory=Lock)

    class exceptions:  # noqa: N801 - boto3's own name
        """The modelled exceptions, as attributes of boto3's client."""

        ConditionalCheckFailedException = ConditionalCheckFailedException

    def put_item(self, **parameters: Any) -> dict[str, Any]:
        """Write a row; a put whose condition fails costs a write, as in DynamoDB."""
        with self._lock:
            now = self.clock.now
            if not self.is_available(now):
                self.clock.charge(UNAVAILABLE_SECONDS / self.writers)
                raise _error("InternalServerError", 500)
            self._tokens = min(
                self.writes_a_second,
                self._tokens + (now - self._filled) * self.writes_a_second,
            )
            self._filled = now
            if self._tokens < 1:
                self.throttled += 1
                self.clock.charge(REFUSED_SECONDS / self.writers)
                raise _error("ProvisionedThroughputExceededException", 400)
            self._tokens -= 1
            self.usage.table_writes += 1
            self.clock.charge(PUT_SECONDS / self.writers)
            self._write(parameters["Item"])
            return {}

    def batch_get_item(self, **parameters: Any) -> dict[str, Any]:
        """Return the existing rows; reads have their own capacity."""
        if not self.is_available(self.clock.now):
            self.clock.charge(UNAVAILABLE_SECONDS)
            raise _error("InternalServerError", 500)
        self.clock.charge(PUT_SECONDS)
        ((table, request),) = parameters["RequestItems"].items()
        self.usage.table_reads += len(request["Keys"]) / 2
        items = [self._item(key) for key in request["Keys"] if key["objectKey"]["S"] in self.rows]
        return {"Responses": {table: items}, "UnprocessedKeys": {}}

    def _item(self, key: Mapping[str, Any]) -> dict[str, Any]:
        event_time, size_bytes = self.rows[key["objectKey"]["S"]]
        return {
            **key,
            "eventTime": {"N": str(event_time)},
            "objectSize": {"N": str(size_bytes)},
            "expiresAt": {"N": str(int(self.clock.now) + 86_400)},
        }

    def _write(self, item: Mapping[str, Mapping[str, str]]) -> None:
        key = item["objectKey"]["S"]
        age = int(item["eventTime"]["N"]), int(item["objectSize"]["N"])
        if key in self.rows and age <= self.rows[key]:
            error = _error("ConditionalCheckFailedException", 400)
            raise ConditionalCheckFailedException(error.response, "PutItem")
        self.rows[key] = age
        self.last_written = self.clock.now


@dataclass(slots=True)
class RegisterTable:
    """The register of sets, with one write for each arrival."""

    clock: Clock
    usage: Usage
    is_available: Callable[[float], bool]

    class exceptions:  # noqa: N801 - boto3's own name
        """The modelled exceptions, as attributes of boto3's client."""

        ConditionalCheckFailedException = ConditionalCheckFailedException

    def update_item(self, **parameters: Any) -> dict[str, Any]:
        """Write a row."""
        self.clock.charge(PUT_SECONDS)
        if not self.is_available(self.clock.now):
            raise _error("InternalServerError", 500)
        self.usage.table_writes += 1
        return {"Attributes": {"firstArrival": {"N": "0"}}}


@dataclass(slots=True)
class Bus:
    """EventBridge, which delivers a published event to the queue of its rule at once."""

    clock: Clock
    usage: Usage
    target: Queue

    def put_events(self, **parameters: Any) -> dict[str, Any]:
        """Deliver every entry."""
        self.clock.charge(PUT_EVENTS_SECONDS)
        for entry in parameters["Entries"]:
            body = json.dumps(
                {
                    "version": "0",
                    "id": "2649b160-d59d-c97f-3f64-8aaa9ea6aed3",
                    "detail-type": entry["DetailType"],
                    "source": entry["Source"],
                    "account": "123456789012",
                    "time": "2026-11-24T12:34:56Z",
                    "region": "us-east-1",
                    "resources": [],
                    "detail": json.loads(entry["Detail"]),
                },
                ensure_ascii=False,
            )
            self.usage.bus_events += chunks(len(entry["Detail"]))
            self.usage.sqs_requests += chunks(len(body))
            self.target.send([body])
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"} for _ in parameters["Entries"]]}


@dataclass(slots=True)
class QueueApi:
    """SQS, with the operations that the handlers call."""

    clock: Clock
    usage: Usage
    queues: Mapping[str, Queue]
    """The queues, by URL."""

    def change_message_visibility_batch(self, **parameters: Any) -> dict[str, Any]:
        """Hide at most ten messages."""
        self._call()
        queue = self.queues[parameters["QueueUrl"]]
        for entry in parameters["Entries"]:
            queue.change_visibility(entry["ReceiptHandle"], entry["VisibilityTimeout"])
        return {"Successful": [], "Failed": []}

    def send_message(self, **parameters: Any) -> dict[str, Any]:
        """Send a message."""
        self._call()
        reason = parameters["MessageAttributes"]["Reason"]["StringValue"]
        self.queues[parameters["QueueUrl"]].send([parameters["MessageBody"]], reason=reason)
        return {"MessageId": "sent"}

    def _call(self) -> None:
        self.clock.charge(QUEUE_CALL_SECONDS)
        self.usage.sqs_requests += 1
