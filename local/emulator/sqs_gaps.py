"""Close two gaps of the emulator's queues: small batches, and messages that a race loses.

The emulator passes at most ten messages to a function. On AWS a batch is complete when it has the
mapping's batch size, when its window has ended, or when the next message would exceed an
invocation's 6 MB.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching

The emulator also loses a message that arrives while the poller deletes others, because only the
poller takes the lock.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

RECEIVED_AT_ONCE = 10
"""The most messages that one receive call of the emulator returns, as in SQS."""
MAX_INVOCATION_BYTES = 6 * 1024 * 1024
MAX_MESSAGE_BYTES = 1024 * 1024
RECORD_BYTES = 1024
"""Larger than a record without the message's body."""

Message = dict[str, Any]


@dataclass(slots=True)
class Batch:
    """Messages of one queue that a function receives together."""

    messages: list[Message] = field(default_factory=list)
    complete_at: float = 0.0
    """The end of the window that the first message opened."""
    room_bytes: int = MAX_INVOCATION_BYTES

    def add(self, messages: Iterable[Message]) -> None:
        """Add received messages."""
        for message in messages:
            self.messages.append(message)
            self.room_bytes -= len(message["body"].encode()) + RECORD_BYTES

    def wanted(self, size: int) -> int:
        """Return the number of messages to receive now that fit into a batch of *size*."""
        fitting = self.room_bytes // (MAX_MESSAGE_BYTES + RECORD_BYTES)
        return min(RECEIVED_AT_ONCE, size - len(self.messages), fitting)


def mend_batches(functions: Any, queues: Any, clock: Callable[[], float] = time.monotonic) -> None:
    """Patch the emulator's module *functions* so that it receives whole batches from *queues*."""
    receive = queues._receive_messages_for_esm
    open_batches: dict[str, Batch] = {}

    def receive_batch(queue_url: str, size: int) -> list[Message]:
        batch = open_batches.setdefault(queue_url, Batch())
        while (wanted := batch.wanted(size)) > 0 and (received := receive(queue_url, wanted)):
            if not batch.messages:
                open_window(batch, window_seconds(queue_url))
            batch.add(received)
        if wanted > 0 and clock() < batch.complete_at:
            return []
        return open_batches.pop(queue_url).messages

    def open_window(batch: Batch, seconds: float) -> None:
        batch.complete_at = clock() + seconds
        if seconds:
            threading.Timer(seconds, functions._esm_wake.set).start()

    def window_seconds(queue_url: str) -> float:
        queue_arn = queues._queues[queue_url]["attributes"]["QueueArn"]
        windows = (
            mapping.get("MaximumBatchingWindowInSeconds", 0)
            for _, _, mapping in functions._iter_all_esms()
            if mapping.get("EventSourceArn") == queue_arn
        )
        return max(windows, default=0)

    queues._receive_messages_for_esm = receive_batch


def mend_races(queues: Any, events: Any) -> None:
    """Make all calls that change a queue of the emulator's module *queues* take the poller's lock."""
    for name, handler in queues._HANDLERS.items():
        if not inspect.iscoroutinefunction(handler):
            queues._HANDLERS[name] = _locked(queues._queues_lock, handler)
    events._dispatch_to_sqs = _locked(queues._queues_lock, events._dispatch_to_sqs)


def _locked(lock: AbstractContextManager[Any], call: Callable[..., Any]) -> Callable[..., Any]:
    def locked(*arguments: Any) -> Any:
        with lock:
            return call(*arguments)

    return locked
