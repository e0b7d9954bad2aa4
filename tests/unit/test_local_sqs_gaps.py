"""local.emulator.sqs_gaps: a function receives batches of the mapping's size."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from local.emulator.sqs_gaps import mend_batches

URL = "http://127.0.0.1/123456789012/uploads"
ARN = "arn:aws:sqs:eu-west-1:123456789012:uploads"


@dataclass
class Emulator:
    """One queue and its mapping; at most ten messages are received at once."""

    window_seconds: int = 0
    now: float = 0.0
    waiting: list[dict[str, Any]] = field(default_factory=list)
    received_at_once: int = 0
    _esm_wake: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._queues = {URL: {"attributes": {"QueueArn": ARN}}}
        self._receive_messages_for_esm = self.receive
        mend_batches(self, self, lambda: self.now)

    def receive(self, url: str, number: int) -> list[dict[str, Any]]:
        assert url == URL
        received, self.waiting = self.waiting[: min(number, 10)], self.waiting[min(number, 10) :]
        self.received_at_once = max(self.received_at_once, len(received))
        return received

    def _iter_all_esms(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        mapping = {"EventSourceArn": ARN, "MaximumBatchingWindowInSeconds": self.window_seconds}
        yield "123456789012", "eu-west-1", {"EventSourceArn": "another", "BatchSize": 10}
        yield "123456789012", "eu-west-1", mapping

    def send(self, number: int, *, size_bytes: int = 2) -> None:
        self.waiting += [{"body": "x" * size_bytes} for _ in range(number)]

    def batch(self, size: int = 1_000) -> int:
        return len(self._receive_messages_for_esm(URL, size))


def test_a_batch_has_the_mappings_batch_size() -> None:
    emulator = Emulator()
    emulator.send(2_350)
    assert [emulator.batch() for _ in range(4)] == [1_000, 1_000, 350, 0]


def test_a_small_batch_size_is_not_exceeded() -> None:
    emulator = Emulator()
    emulator.send(9)
    assert [emulator.batch(4) for _ in range(4)] == [4, 4, 1, 0]


def test_a_batch_waits_until_its_window_ends_and_then_the_poller_is_woken() -> None:
    emulator = Emulator(window_seconds=1)
    emulator.send(12)
    assert emulator.batch() == 0
    emulator.send(30)
    emulator.now = 0.9
    assert emulator.batch() == 0
    emulator.now = 1.0
    assert emulator.batch() == 42
    assert emulator._esm_wake.wait(5)


def test_a_full_batch_does_not_wait() -> None:
    emulator = Emulator(window_seconds=1)
    emulator.send(25)
    assert [emulator.batch(20), emulator.batch(20)] == [20, 0]


def test_a_window_is_opened_by_the_first_message_and_not_before() -> None:
    emulator = Emulator(window_seconds=1)
    assert emulator.batch() == 0
    emulator.now = 10.0
    emulator.send(1)
    assert emulator.batch() == 0
    emulator.now = 11.0
    assert emulator.batch() == 1


def test_a_batch_fits_into_an_invocation() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB."""
    emulator = Emulator(window_seconds=1)
    emulator.send(30, size_bytes=256 * 1024)
    batches = [emulator.batch()]
    while emulator.waiting:
        batches.append(emulator.batch())
    assert batches[0] > 10
    assert max(batches) * 256 * 1024 <= 6 * 1024 * 1024
