"""Dead-letter queues: receive messages, send them to their targets, and delete them.

SQS cannot browse: receiving hides a message for some time. Received messages that are not deleted
are made visible again. A message is deleted only after its target, or S3, has it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations.dead_letter import DeadLetter, Shape
from operations.errors import OperatorError
from operations.vault import Vault

HIDDEN_SECONDS = 300
"""The time for which a received message is hidden from others, unless it is made visible before."""
A_CALL = 10
EMPTY_RECEIVES = 2
"""A queue counts as read after this number of consecutive receives without a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A dead-letter queue and its source queue, if it has one."""

    name: str
    url: str
    source_url: str | None = None


def queues_of(vault: Vault, only: str = "") -> list[Queue]:
    """Return the dead-letter queues of *vault*, or the one named *only*.

    Raises:
        OperatorError: There is no queue of that name.
    """
    queues = [
        Queue(
            name="uploads",
            url=vault.upload_dead_letter_queue_url,
            source_url=vault.upload_queue_url,
        ),
        Queue(name="undelivered", url=vault.undelivered_queue_url),
    ]
    if vault.record_dead_letter_queue_url:
        queues.insert(
            1,
            Queue(
                name="records",
                url=vault.record_dead_letter_queue_url,
                source_url=vault.record_queue_url,
            ),
        )
    chosen = [queue for queue in queues if not only or queue.name == only]
    if not chosen:
        names = ", ".join(queue.name for queue in queues)
        raise OperatorError(f"There is no dead-letter queue {only!r}: choose one of {names}.")
    return chosen


class Reading:
    """Receives each message of one queue once; messages that are not deleted become visible again.

    It is used in a ``with`` statement, so that messages become visible after Ctrl-C, too.
    """

    def __init__(self, queue: Queue, *, limit: int, before_ms: int) -> None:
        """Read at most *limit* messages that were sent until *before_ms*, in Unix milliseconds."""
        self._queue = queue
        self._limit = limit
        self._before_ms = before_ms
        self._sqs: Any = boto3.client("sqs")
        self._held: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        handles = list(self._held.values())
        for first in range(0, len(handles), A_CALL):
            entries = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                for number, handle in enumerate(handles[first : first + A_CALL])
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=self._queue.url, Entries=entries)

    def __iter__(self) -> Iterator[DeadLetter]:
        seen: set[str] = set()
        empty = count = 0
        while empty < EMPTY_RECEIVES and count < self._limit:
            messages = self._receive(min(A_CALL, self._limit - count))
            new = [each for each in messages if each["MessageId"] not in seen]
            seen.update(each["MessageId"] for each in new)
            empty = 0 if new else empty + 1
            for message in new:
                letter = DeadLetter.from_message(
                    message, queue=self._queue.name, source_url=self._queue.source_url
                )
                if letter.sent_ms <= self._before_ms:
                    count += 1
                    yield letter

    def delete(self, letter: DeadLetter) -> None:
        """Delete a message that its target, or S3, has received."""
        self._sqs.delete_message(
            QueueUrl=self._queue.url, ReceiptHandle=self._held[letter.message_id]
        )
        del self._held[letter.message_id]

    def _receive(self, number: int) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue.url,
            MaxNumberOfMessages=number,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        self._held.update((each["MessageId"], each["ReceiptHandle"]) for each in messages)
        return messages


def send(letter: DeadLetter) -> None:
    """Send a dead letter to its target.

    Raises:
        OperatorError: It has no supported target, or AWS refuses the message.
    """
    if letter.target is None:
        raise OperatorError("It has no target: set it aside.")
    service = "sqs" if letter.shape is Shape.SQS_RECORD else letter.target.split(":")[2]
    sender = SENDERS.get(service)
    if sender is None:
        raise OperatorError(f"A redrive to {service!r} is not supported: set it aside.")
    try:
        sender(letter.target, letter.payload)
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(str(error)) from error


def _to_queue(target: str, payload: str) -> None:
    sqs = boto3.client("sqs")
    url = target
    if target.startswith("arn:"):
        *_, account, name = target.split(":")
        url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=payload)


def _to_function(target: str, payload: str) -> None:
    """Invoke the function asynchronously; another failure becomes a dead letter again."""
    boto3.client("lambda").invoke(
        FunctionName=target, InvocationType="Event", Payload=payload.encode()
    )


def _to_state_machine(target: str, payload: str) -> None:
    boto3.client("stepfunctions").start_execution(stateMachineArn=target, input=payload)


def _to_topic(target: str, payload: str) -> None:
    boto3.client("sns").publish(TopicArn=target, Message=payload)


def _to_log_group(target: str, payload: str) -> None:
    """Write the event like EventBridge: as one line in a stream of the group."""
    logs = boto3.client("logs")
    group = target.split(":log-group:")[1].removesuffix(":*")
    stream = "sgvault-redrive"
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": int(time.time() * 1000), "message": payload}],
    )


SENDERS: dict[str, Callable[[str, str], None]] = {
    "sqs": _to_queue,
    "lambda": _to_function,
    "states": _to_state_machine,
    "sns": _to_topic,
    "logs": _to_log_group,
}
"""By the service in a target's ARN: the function that sends a message there."""


def keep_aside(vault: Vault, letter: DeadLetter, *, reason: str, by: str) -> str:
    """Write a dead letter to the reports bucket; return its S3 URI."""
    key = f"set-aside/{letter.queue}/{letter.message_id}.json"
    kept = {**letter.wire(), "setAside": {"reason": reason, "by": by, "at": int(time.time())}}
    boto3.client("s3").put_object(
        Bucket=vault.reports_bucket_name,
        Key=key,
        Body=json.dumps(kept, ensure_ascii=False, indent=2).encode(),
        ContentType="application/json",
    )
    return f"s3://{vault.reports_bucket_name}/{key}"
