"""Two simultaneous calls of Notify publish one text, and its report is that of the decision.

The threads are real. One thread is held before each of its calls of AWS in turn while the other
runs to its end; and both meet before each kind of call, so that they make it at the same moment.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from handlers.aws import telemetry
from handlers.aws.outcome_store import CLAIM_SECONDS
from handlers.core.errors import LookUnfinishedError, OutcomeInFlightError
from handlers.reconcile_check import handler as check_handler
from handlers.reconcile_notify import handler
from tests.unit.fakes import REPORTS_BUCKET, FakeAws, FakeContext, installed
from tests.unit.samples import EXECUTION, OTHER_EXECUTION, aws_event, put_row, store, task_event

Payload = dict[str, Any]
WAIT_SECONDS = 120
OPERATIONS = (
    "GetItem",
    "Query",
    "ListObjectsV2",
    "GetObject",
    "PutObject",
    "PutItem",
    "PutEvents",
    "UpdateItem",
)


@pytest.fixture(autouse=True)
def no_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share no metrics between the threads.

    Lambda runs calls at the same time in environments of their own, and one call at a time in each:
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
    Here, a call could clear the metrics between another call's look at them and its writing.
    """
    for name in ("add_metric", "flush_metrics"):
        monkeypatch.setattr(telemetry.metrics.provider, name, lambda **_: None)


def check(execution: str) -> Payload:
    """Return the result of a check of *execution*."""
    answer: Payload = check_handler(task_event(execution=execution), FakeContext().typed)
    return answer


def last_task(execution: str) -> Callable[[], Payload]:
    """Return the event of *execution*'s last task, after a check."""
    return lambda: task_event(ticker=5, count=5, check=check(execution), execution=execution)


def status_change() -> Payload:
    """Return the event of the execution that was stopped during its last task."""
    event = aws_event("execution_status_change")
    event["detail"]["executionArn"] = EXECUTION
    return event


PAIRS = {
    "a task and its repetition": (last_task(EXECUTION), last_task(EXECUTION)),
    "a task and its status change": (last_task(EXECUTION), status_change),
    "a status change and the task": (status_change, last_task(EXECUTION)),
    "two executions": (last_task(EXECUTION), last_task(OTHER_EXECUTION)),
}


@dataclass
class Calls:
    """Calls of Notify in threads; a hook runs before each call of AWS."""

    aws: FakeAws
    before: Callable[[str, str], None] = lambda thread, operation: None
    errors: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        def hook(operation: str, _: Mapping[str, Any]) -> None:
            self.before(threading.current_thread().name, operation)

        self.aws.dynamodb.fails = self.aws.s3.fails = hook
        self.aws.events.fails = lambda _: hook("PutEvents", {})

    def start(self, name: str, event: Payload) -> threading.Thread:
        """Call Notify with *event* in a thread of this name."""
        thread = threading.Thread(target=self._call, args=(event,), name=name)
        thread.start()
        return thread

    def end(self, *threads: threading.Thread) -> None:
        """Wait for *threads* to end, so that none goes on beside the next ones."""
        for thread in threads:
            thread.join(WAIT_SECONDS)
        assert [thread.name for thread in threads if thread.is_alive()] == []
        assert self.errors == []

    def repeat(self, *events: Payload) -> None:
        """Call Notify again, as Step Functions and Lambda do after an error, until all succeed."""
        self.before = lambda *_: None
        for event in events:
            self.aws.clock.now += CLAIM_SECONDS
            handler(event, FakeContext().typed)

    def _call(self, event: Payload) -> None:
        try:
            handler(event, FakeContext().typed)
        except OutcomeInFlightError:
            pass
        except BaseException as error:
            self.errors.append(error)
            raise


def prepared(aws: FakeAws, pair: str) -> tuple[Payload, Payload]:
    """Put a dataset with a missing file; return the two events."""
    store(aws, lines=["x", "y"], announced=["x"], objects=["x"])
    one, two = (event() for event in PAIRS[pair])
    return one, two


def arrive(aws: FakeAws) -> None:
    """Make the missing file arrive, so that a later look would have another result."""
    aws.s3.put("a-vaultjob/y")
    put_row(aws, "a-vaultjob/y")


def assert_one_outcome(aws: FakeAws) -> None:
    """Check that one text is published once, and that its report has the same text and all its parts."""
    (entry,) = aws.events.accepted
    outcome = json.loads(entry["Detail"])
    assert outcome.pop("notice")
    key = outcome["report"].removeprefix(f"s3://{REPORTS_BUCKET}/")
    assert len(aws.s3.versions[REPORTS_BUCKET, key]) == 1
    summary = json.loads(aws.s3.newest(key, bucket=REPORTS_BUCKET))
    assert summary | outcome == summary
    folder = key.rpartition("/")[0]
    lines = [
        json.loads(line)
        for part in summary["differences"]
        for line in gzip.decompress(
            aws.s3.newest(part if "/" in part else f"{folder}/{part}", bucket=REPORTS_BUCKET)
        ).splitlines()
    ]
    assert [line["key"] for line in lines] == [each["key"] for each in outcome["examples"] or []]


@pytest.mark.parametrize("pair", PAIRS)
def test_a_call_that_is_held_anywhere_while_another_runs(pair: str) -> None:
    """Before the first call of AWS, before the second, and so on, until there is none."""
    place, held = 0, True
    while held:
        place += 1
        with installed(FakeAws()) as aws:
            one, two = prepared(aws, pair)
            calls = Calls(aws)
            stopped, go_on = threading.Event(), threading.Event()
            made = 0

            def hold(thread: str, _: str) -> None:
                nonlocal made
                if thread == "held":
                    made += 1
                    if made == place:  # noqa: B023 - the thread ends within this round
                        stopped.set()  # noqa: B023
                        assert go_on.wait(WAIT_SECONDS)  # noqa: B023

            calls.before = hold
            first = calls.start("held", one)
            while first.is_alive() and not stopped.wait(0.001):
                pass
            held = stopped.is_set()
            arrive(aws)
            other = calls.start("other", two)
            other.join(WAIT_SECONDS)
            go_on.set()
            calls.end(first, other)
            calls.repeat(one, two)
            assert_one_outcome(aws)
    assert place > len(OPERATIONS)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_two_calls_that_do_the_same_at_the_same_moment(pair: str, operation: str) -> None:
    """Both wait before each call of one kind until the other arrives, or cannot arrive."""
    for _ in range(5):
        with installed(FakeAws()) as aws:
            one, two = prepared(aws, pair)
            calls = Calls(aws)
            barrier = threading.Barrier(2)

            def meet(thread: str, name: str) -> None:
                if thread in ("one", "two") and name == operation:
                    with suppress(threading.BrokenBarrierError):
                        barrier.wait(0.05)  # noqa: B023 - the threads end within this round

            calls.before = meet
            calls.end(calls.start("one", one), calls.start("two", two))
            calls.repeat(one, two)
            assert_one_outcome(aws)


def test_no_kind_of_call_is_without_its_barrier(aws: FakeAws) -> None:
    """So that a side effect that is added later is tried at the same moment, too."""
    calls, made = Calls(aws), set[str]()
    calls.before = lambda _, operation: made.add(operation)
    for pair in PAIRS:
        one, two = prepared(aws, pair)
        made.clear()
        for event in (one, two):
            calls.end(calls.start("alone", event))
        assert made <= set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_two_calls_that_continue_one_unfinished_look(operation: str) -> None:
    """Each refers to the part that the earlier call finished, and writes the rest itself."""
    with installed(FakeAws()) as aws:
        store(aws, lines=["a", "b", "c", "d"])
        event = last_task(EXECUTION)()
        with pytest.raises(LookUnfinishedError):
            handler(event, FakeContext(looks_at_the_clock=2).typed)
        calls = Calls(aws)
        barrier = threading.Barrier(2)

        def meet(thread: str, name: str) -> None:
            if thread in ("one", "two") and name == operation:
                with suppress(threading.BrokenBarrierError):
                    barrier.wait(0.05)

        calls.before = meet
        calls.end(calls.start("one", event), calls.start("two", event))
        calls.repeat(event)
        assert_one_outcome(aws)
        (entry,) = aws.events.accepted
        assert json.loads(entry["Detail"])["missing"] == 4
