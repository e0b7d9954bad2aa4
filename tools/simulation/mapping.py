"""A model of Lambda's event source mapping: batches, maximum concurrency, partial answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from aws_lambda_powertools.utilities.typing import LambdaContext

from tools.simulation.clock import Clock
from tools.simulation.queue import Message, Queue
from tools.simulation.usage import Usage

OVERHEAD_SECONDS = 0.02
POLL_SECONDS = 1.0

Handler = Callable[[dict[str, Any], LambdaContext], Any]


@dataclass(slots=True)
class Context:
    """The context that Lambda passes to a function with the event."""

    clock: Clock
    deadline: float
    function_name: str = "function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id: str = "request"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that is left."""
        return max(0, int((self.deadline - self.clock.time()) * 1000))


@dataclass(slots=True, kw_only=True)
class Mapping:
    """Invokes a handler with batches of a queue, up to a maximum concurrency."""

    clock: Clock
    usage: Usage
    queue: Queue
    handler: Handler
    batch_size: int
    concurrency: int
    timeout_seconds: int
    memory_mb: int
    seconds_a_message: float
    """The CPU time for a message, in a function with little memory."""
    errors: int = 0
    _running: int = 0
    _next_poll: float = float("inf")

    def start(self) -> None:
        """Poll whenever the queue may have a visible message."""
        self.queue.on_visible = self._poll_soon

    def _poll_soon(self) -> None:
        self._poll_at(self.clock.now + POLL_SECONDS)

    def _poll_at(self, when: float) -> None:
        if self._running < self.concurrency and when < self._next_poll:
            self._next_poll = when
            self.clock.at(when, self._poll)

    def _poll(self) -> None:
        if self.clock.now < self._next_poll:
            return  # an earlier poll has replaced this one
        self._next_poll = float("inf")
        while self._running < self.concurrency and (batch := self.queue.receive(self.batch_size)):
            self._running += 1
            self.clock.spawn(partial(self._invoke, batch))
        if (visible := self.queue.next_visible()) is not None:
            self._poll_at(max(visible, self.clock.now + POLL_SECONDS))

    def _invoke(self, batch: list[Message]) -> None:
        started = self.clock.now
        context = Context(self.clock, started + self.timeout_seconds)
        event = {"Records": [message.record() for message in batch]}
        failed = {message.id for message in batch}
        try:
            answer = self.handler(event, cast(LambdaContext, context))
            failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        except Exception:
            self.errors += 1
        self.clock.sleep(OVERHEAD_SECONDS + self.seconds_a_message * len(batch))
        seconds = self.clock.now - started
        if seconds > self.timeout_seconds:
            self.errors += 1
            seconds, failed = self.timeout_seconds, {message.id for message in batch}
        self.usage.invocations += 1
        self.usage.gb_seconds += seconds * self.memory_mb / 1024
        self.queue.delete(message for message in batch if message.id not in failed)
        self._running -= 1
        self._poll_at(self.clock.now)
