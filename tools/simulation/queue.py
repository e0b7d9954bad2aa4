"""A model of an SQS standard queue: visibility, receives, retention and the in-flight limit."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tools.simulation.clock import Clock
from tools.simulation.usage import Usage, chunks

MAX_IN_FLIGHT = 120_000
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-quotas.html"""
MESSAGES_A_CALL = 10
MAX_VISIBILITY_SECONDS = 12 * 3600

Body = str | Callable[[], str]
"""A body may be a function that creates it, because a million bodies would take a gigabyte."""


@dataclass(slots=True, eq=False)
class Message:
    """A message, with the time of its first sending and the number of its receives."""

    id: str
    body: Body
    sent: float
    receives: int = 0
    first_received: float = 0.0
    hidden_until: float = 0.0
    reason: str = ""

    @property
    def text(self) -> str:
        """The body."""
        return self.body if isinstance(self.body, str) else self.body()

    def record(self) -> dict[str, Any]:
        """Return the message in the form that Lambda passes to a function."""
        return {
            "messageId": self.id,
            "receiptHandle": f"{self.id}/{self.receives}",
            "body": self.text,
            "attributes": {
                "ApproximateReceiveCount": str(self.receives),
                "SentTimestamp": str(int(self.sent * 1000)),
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": str(int(self.first_received * 1000)),
            },
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
            "awsRegion": "us-east-1",
        }


@dataclass(slots=True, kw_only=True)
class Queue:
    """Visible messages, and messages that are hidden after a receive."""

    clock: Clock
    usage: Usage
    visibility_seconds: int = 30
    retention_seconds: int
    max_receives: int | None = None
    dead_letters: Queue | None = None
    max_in_flight: int = MAX_IN_FLIGHT
    on_visible: Callable[[], None] = lambda: None
    expired: int = 0
    """Messages that exceeded their retention, and are lost."""
    most_in_flight: int = 0
    most_receives: int = 0
    _visible: deque[Message] = field(default_factory=deque)
    _hidden: dict[str, Message] = field(default_factory=dict)
    _ends: list[tuple[float, int, Message]] = field(default_factory=list)
    _number: Any = field(default_factory=count)

    def __len__(self) -> int:
        """Return the number of messages, including hidden ones."""
        return len(self._visible) + len(self._hidden)

    def messages(self) -> list[Message]:
        """Return every message."""
        return [*self._visible, *self._hidden.values()]

    def send(self, bodies: Iterable[Body], *, reason: str = "") -> None:
        """Add messages."""
        for body in bodies:
            id_ = f"{id(self):x}-{next(self._number)}"
            self._visible.append(Message(id_, body, self.clock.now, reason=reason))
        self.on_visible()

    def move(self, message: Message) -> None:
        """Accept a message from another queue, and keep the time of its first sending."""
        message.reason = f"received {message.receives} times"
        self._visible.append(message)

    def receive(self, most: int) -> list[Message]:
        """Return up to *most* messages, and hide them; none while too many are in flight."""
        self._show()
        found: list[Message] = []
        while self._visible and len(found) < most and len(self._hidden) < self.max_in_flight:
            message = self._visible.popleft()
            if self.clock.now - message.sent >= self.retention_seconds:
                self.expired += 1
            elif self.dead_letters is not None and message.receives == self.max_receives:
                self.dead_letters.move(message)
            else:
                message.receives += 1
                self.most_receives = max(self.most_receives, message.receives)
                message.first_received = message.first_received or self.clock.now
                self._hide(message, self.visibility_seconds)
                found.append(message)
        self.usage.sqs_requests += self._requests(found) or 1
        self.most_in_flight = max(self.most_in_flight, len(self._hidden))
        return found

    def delete(self, messages: Iterable[Message]) -> None:
        """Delete received messages."""
        ids = [message.id for message in messages]
        for id_ in ids:
            self._hidden.pop(id_, None)
        self.usage.sqs_requests += -(-len(ids) // MESSAGES_A_CALL)

    def change_visibility(self, receipt_handle: str, seconds: int) -> None:
        """Hide a message for *seconds* from now, if *receipt_handle* is its newest."""
        id_, _, receives = receipt_handle.partition("/")
        message = self._hidden[id_]
        if int(receives) != message.receives or not 0 <= seconds <= MAX_VISIBILITY_SECONDS:
            raise ValueError(f"SQS refuses {seconds} s for {receipt_handle}")
        self._hide(message, seconds)

    def next_visible(self) -> float | None:
        """Return the time at which the next message can be received, or None."""
        self._show()
        if self._visible:
            return self.clock.now
        return self._ends[0][0] if self._ends else None

    def _hide(self, message: Message, seconds: int) -> None:
        message.hidden_until = self.clock.time() + seconds
        self._hidden[message.id] = message
        heapq.heappush(self._ends, (message.hidden_until, next(self._number), message))

    def _show(self) -> None:
        """Show the messages whose visibility timeout has ended and that were not changed or deleted since."""
        while self._ends and (
            self._ends[0][0] <= self.clock.now or not self._is_current(*self._ends[0])
        ):
            end = heapq.heappop(self._ends)
            if self._is_current(*end):
                self._visible.append(self._hidden.pop(end[2].id))

    def _is_current(self, until: float, _: int, message: Message) -> bool:
        return message.id in self._hidden and message.hidden_until == until

    def _requests(self, messages: list[Message]) -> int:
        """Return the billed requests for receiving *messages*: calls of ten, in chunks of 64 KB."""
        total = 0
        for first in range(0, len(messages), MESSAGES_A_CALL):
            some = messages[first : first + MESSAGES_A_CALL]
            total += chunks(sum(len(message.text) for message in some))
        return total
