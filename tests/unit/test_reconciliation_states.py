"""The state machine's definition as a dict: its structure, and its execution."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import reconcile_check, reconcile_iterator
from handlers.aws.outcome_store import CLAIM_SECONDS
from handlers.core import errors
from handlers.core.execution import Execution
from handlers.core.listing import Listing
from handlers.core.progress import Progress
from stacks.constructs.reconciliation_states import RETRY_NOTIFY, definition
from stacks.settings_schema import SETTINGS
from tests.state_machine_interpreter import Payload, Run, delay_seconds
from tests.unit.fakes import FakeContext
from tests.unit.samples import manifest_event

HISTORY_LIMIT = 25_000
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
MOST_ITERATIONS = 960
STATES = [
    "Configure Count",
    "Reconcile Iterator",
    "Check Count Reached",
    "Reconcile Check Upload",
    "Reconcile Check Complete",
    "Wait",
    "Reconcile Notify",
    "Done",
    "Count Failed Iteration",
    "Check Failed Count Reached",
    "Verify Content",
    "Reconciliation Failed",
]


def machine(count: int = 3, wait_seconds: int = 30) -> Payload:
    """Return the definition, with the functions' names as ARNs."""
    return definition(
        iterate_arn="iterate",
        check_arn="check",
        verify_arn="verify",
        notify_arn="notify",
        count=count,
        wait_seconds=wait_seconds,
        verify_concurrency=2,
    )


class Check:
    """Reconcile Check Upload with given answers, of which *last* is repeated."""

    def __init__(self, *answers: Payload | Exception, last: Payload | Exception) -> None:
        self.answers = iter(answers)
        self.last = last

    def __call__(self, payload: Payload) -> Payload:
        answer = next(self.answers, self.last)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Notify:
    """Reconcile Notify, which fails a given number of times, then stores its input."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.given: list[Payload] = []

    def __call__(self, payload: Payload) -> Payload:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("EventBridge is away")
        self.given.append(payload)
        return {"announced": True}


NOT_YET: Payload = {"reconcileDone": False, "continueNow": False}
DONE: Payload = {"reconcileDone": True, "continueNow": False}
AT_ONCE: Payload = {"reconcileDone": False, "continueNow": True}


def iterate(payload: Payload) -> Payload:
    """Call the function in the machine's task."""
    answer: Payload = reconcile_iterator.handler(payload, FakeContext().typed)
    return answer


def run(states: Payload, *, check: Any, notify: Any, iterator: Any = iterate) -> Run:
    """Run *states* on a manifest's event to the end."""
    functions = {"iterate": iterator, "check": check, "notify": notify}
    ended = Run(states, functions)
    ended.of(manifest_event())
    return ended


def each_dict(value: Any) -> Iterator[Payload]:
    """Yield every object in *value*, at any depth."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from each_dict(each)


def test_the_states_are_those_of_the_specification_in_its_order() -> None:
    """Operators know the states by these names; the last four are the project's own."""
    assert list(machine()["States"]) == STATES
    assert machine()["StartAt"] == STATES[0]


def test_every_transition_leads_to_a_state() -> None:
    """Step Functions would refuse the definition, but only at the deployment."""
    states = machine()["States"]
    for each in each_dict(states):
        for key in ("Next", "Default"):
            if isinstance(each.get(key), str):
                assert each[key] in states


def test_every_state_can_be_reached() -> None:
    """An unreachable state is a mistake in another one."""
    states = machine()["States"]
    reached: set[str] = set()
    ahead = [machine()["StartAt"]]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            for each in each_dict(states[name]):
                ahead += [each[key] for key in ("Next", "Default") if key in each]
    assert reached == set(states)


@pytest.mark.parametrize(
    "name", ["Reconcile Iterator", "Reconcile Check Upload", "Reconcile Notify"]
)
def test_a_task_retries_and_catches_all_errors_last(name: str) -> None:
    """Pitfall 20; ``States.ALL`` must stand alone, and last."""
    task = machine()["States"][name]
    for handlers in (task["Retry"], task["Catch"]):
        names = [handler["ErrorEquals"] for handler in handlers]
        assert names[-1] == ["States.ALL"]
        assert all("States.ALL" not in each for each in names[:-1])


@pytest.mark.parametrize("name", ["Reconcile Iterator", "Reconcile Check Upload"])
def test_a_task_of_an_iteration_retries_once(name: str) -> None:
    """The contract: each retry uses three events of a history that 960 iterations share."""
    retries = [retrier["MaxAttempts"] for retrier in machine()["States"][name]["Retry"]]
    assert retries == [0, 1]


def test_notify_retries_for_half_an_hour_in_at_most_a_hundred_attempts() -> None:
    """The contract: only its failure ends in a Fail state."""
    retriers = machine()["States"]["Reconcile Notify"]["Retry"]
    assert sum(retrier["MaxAttempts"] for retrier in retriers) <= 100
    pauses = [delay_seconds(retriers[-1], n) for n in range(retriers[-1]["MaxAttempts"])]
    assert sum(pauses) >= 30 * 60
    assert max(pauses) < 150


def test_there_is_no_other_task() -> None:
    """The test above covers each of them."""
    tasks = [name for name, state in machine()["States"].items() if state["Type"] == "Task"]
    assert tasks == ["Reconcile Iterator", "Reconcile Check Upload", "Reconcile Notify"]


def test_a_choice_first_tests_whether_its_path_is_present() -> None:
    """A Choice on a missing path ends the execution, and no Catch receives it."""
    for state in machine()["States"].values():
        for choice in state.get("Choices", []):
            *present, compared = choice["And"]
            paths = [path for path in compared.values() if isinstance(path, str)]
            assert present == [{"Variable": path, "IsPresent": True} for path in paths]
        if state["Type"] == "Choice":
            assert "Default" in state


def test_each_named_error_is_an_error_of_the_handlers() -> None:
    """For Step Functions, the name of a Python exception is that of its class."""
    for state in machine()["States"].values():
        for handler in [*state.get("Retry", [])[:-1], *state.get("Catch", [])[:-1]]:
            for name in handler["ErrorEquals"]:
                assert issubclass(getattr(errors, name), errors.VaultError)


def test_notify_tries_for_longer_than_another_calls_claim_lasts() -> None:
    """Otherwise an outcome that was claimed but not published would wait for an operator."""
    retrier = machine()["States"]["Reconcile Notify"]["Retry"][-1]
    pauses = [delay_seconds(retrier, n) for n in range(retrier["MaxAttempts"])]
    assert sum(pauses) > CLAIM_SECONDS


def test_the_definition_is_json() -> None:
    """It is deployed as text, and a definition has at most a megabyte."""
    assert json.loads(json.dumps(machine())) == machine()


def test_a_dataset_that_is_complete_is_announced_without_a_wait() -> None:
    """This is the case of a manifest that arrived last."""
    notify = Notify()
    ended = run(machine(), check=Check(last=DONE), notify=notify)
    assert ended.entered == [
        "Configure Count",
        "Reconcile Iterator",
        "Check Count Reached",
        "Reconcile Check Upload",
        "Reconcile Check Complete",
        "Reconcile Notify",
        "Done",
    ]
    (given,) = notify.given
    assert given["state"]["reconcilecheck"]["Payload"] == DONE
    assert given["state"]["detail"] == manifest_event()["detail"]


def test_notify_receives_the_execution_and_its_start() -> None:
    """The outcome has both, and the decision has the execution."""
    notify = Notify()
    run(machine(), check=Check(last=DONE), notify=notify)
    (given,) = notify.given
    assert given["execution"].startswith("arn:aws:states:")
    assert given["started"] == "2020-11-05T12:35:00.123Z"


def test_the_functions_read_what_the_tasks_pass() -> None:
    """This covers the first check, a later one, and Notify after a failure."""
    read: list[Execution] = []
    checked = {
        **NOT_YET,
        "continuations": 0,
        "listing": Listing(bucket="bucket", key="key", version_id="version").payload(),
        "progress": Progress(after="a-vaultjob/file").payload(),
    }

    def check(payload: Payload) -> Payload:
        read.append(Execution.from_event(payload))
        if len(read) > 1:
            raise RuntimeError("DynamoDB is away")
        return checked

    notify = Notify()
    run(machine(), check=check, notify=notify)
    first, *_, last = [*read, Execution.from_event(notify.given[0])]
    assert (first.iterations, first.checked, first.failure) == (1, None, None)
    assert last.checked is not None
    assert last.checked.progress == Progress(after="a-vaultjob/file")
    assert (last.iterations, last.failure) == (3, None)
    assert last.last_error == "RuntimeError: DynamoDB is away"


@given(count=st.integers(2, 60), wait_seconds=st.integers(1, 3_600))
def test_a_dataset_that_never_completes_is_announced_when_the_count_is_reached(
    count: int, wait_seconds: int
) -> None:
    """The last iteration makes no check: Notify looks once more after the last wait."""
    notify = Notify()
    ended = run(machine(count, wait_seconds), check=Check(last=NOT_YET), notify=notify)
    assert ended.entered.count("Reconcile Iterator") == count
    assert ended.entered.count("Reconcile Check Upload") == count - 1
    assert ended.entered[-3:] == ["Check Count Reached", "Reconcile Notify", "Done"]
    assert ended.waited_seconds == (count - 1) * wait_seconds
    (given,) = notify.given
    assert given["state"]["iterator"]["Payload"]["ticker"] == count


@given(waits=st.integers(0, 20), cut_short=st.integers(0, 20))
def test_a_check_that_ran_out_of_time_is_continued_at_once(waits: int, cut_short: int) -> None:
    """There is no wait, and the ticker is not incremented."""
    notify = Notify()
    answers = [*[NOT_YET] * waits, *[AT_ONCE] * cut_short]
    ended = run(machine(100), check=Check(*answers, last=DONE), notify=notify)
    assert ended.entered.count("Reconcile Check Upload") == waits + cut_short + 1
    assert ended.entered.count("Wait") == waits
    (given,) = notify.given
    assert given["state"]["iterator"]["Payload"]["ticker"] == waits + 1


@pytest.mark.parametrize("broken", ["iterate", "check"])
def test_a_step_that_stays_broken_costs_its_iterations_only(broken: str) -> None:
    """Pitfall 38: Notify decides when the count is reached, and receives the last error."""
    notify = Notify()
    always = Check(last=RuntimeError("DynamoDB is away"))
    steps = {"iterator": iterate, "check": Check(last=NOT_YET)}
    steps |= {"iterator": always} if broken == "iterate" else {"check": always}
    ended = run(machine(), notify=notify, **steps)
    assert ended.entered[-2:] == ["Reconcile Notify", "Done"]
    assert ended.entered.count("Reconcile Iterator") == 3
    assert ended.waited_seconds == 2 * 30
    (given,) = notify.given
    assert "failure" not in given["state"]
    assert given["state"]["iterator"]["Payload"]["ticker"] == 3
    assert given["state"]["lastError"] == {"Error": "RuntimeError", "Cause": "DynamoDB is away"}


def test_a_count_that_the_manifest_event_lowered_holds_for_a_failed_iterator() -> None:
    """The contract: ``max-iterations``, the smaller number."""
    tried = 0

    def iterator(payload: Payload) -> Payload:
        nonlocal tried
        tried += 1
        if tried > 1:
            raise RuntimeError("Lambda is away")
        return iterate(payload)

    ended = Run(
        machine(100),
        {"iterate": iterator, "check": Check(last=NOT_YET), "notify": Notify()},
    )
    event = manifest_event()
    event["detail"]["max-iterations"] = 4
    ended.of(event)
    assert ended.entered[-1] == "Done"
    assert ended.entered.count("Reconcile Iterator") == 4


@pytest.mark.parametrize("name", ["ManifestError", "MalformedEventError"])
@pytest.mark.parametrize("step", ["iterate", "check"])
def test_a_manifest_that_cannot_be_used_reaches_notify_at_once(step: str, name: str) -> None:
    """No retry and no iteration resolves it."""
    notify = Notify()
    unusable = Check(last=getattr(errors, name)("It is empty"))
    steps = {"iterator": iterate, "check": Check(last=NOT_YET)}
    steps |= {"iterator": unusable} if step == "iterate" else {"check": unusable}
    ended = run(machine(), notify=notify, **steps)
    task = {"iterate": "Reconcile Iterator", "check": "Reconcile Check Upload"}[step]
    assert ended.entered[-3:] == [task, "Reconcile Notify", "Done"]
    assert ended.entered.count(task) == 1
    (given,) = notify.given
    assert given["state"]["failure"] == {"Error": name, "Cause": "It is empty"}


def test_an_outcome_that_cannot_be_published_fails_the_execution() -> None:
    """The rule for ended executions invokes Notify again, with the cause in its event."""
    ended = run(machine(), check=Check(last=DONE), notify=Notify(failures=1_000))
    assert ended.entered[-2:] == ["Reconcile Notify", "Reconciliation Failed"]
    assert ended.error == "OutcomeNotAnnounced"
    assert ended.cause == '{"Error": "RuntimeError", "Cause": "EventBridge is away"}'
    assert ended.now >= 30 * 60


@dataclass
class Outage:
    """Functions that fail from one call on, for a number of calls or seconds."""

    functions: Mapping[str, Any]
    broken: tuple[str, ...]
    first_call: int
    calls: int
    made: int = 0

    def function(self, name: str) -> Any:
        """Return the function *name* with the outage."""

        def call(payload: Payload) -> Payload:
            if name in self.broken:
                self.made += 1
                if self.first_call <= self.made < self.first_call + self.calls:
                    raise RuntimeError("Rate exceeded")
            answer: Payload = self.functions[name](payload)
            return answer

        return call


FUNCTIONS = ("iterate", "check", "notify")
BROKEN = [names for length in (1, 2, 3) for names in itertools.combinations(FUNCTIONS, length)]
COUNT = 4
FIRST_CALLS = range(1, 2 * 2 * COUNT)
"""From the first call to one that no execution reaches: a function is called at most twice."""
LENGTHS = [*range(1, 2 * 2 * COUNT), 52, 53, 54, 60]
"""In calls: up to a whole execution, and about as long as Notify retries."""


@pytest.mark.parametrize(
    "complete_at", [1, 3, None], ids=["complete", "complete later", "never complete"]
)
@pytest.mark.parametrize("broken", BROKEN, ids="+".join)
def test_no_outage_decides_an_outcome(broken: tuple[str, ...], complete_at: int | None) -> None:
    """Pitfall 38: for every length, from every call on, in every combination of functions.

    Notify receives the state of the last successful check, and no failure.
    """
    for first_call, calls in itertools.product(FIRST_CALLS, LENGTHS):
        notify = Notify()
        answers = [NOT_YET] * (COUNT if complete_at is None else complete_at - 1)
        check = Check(*answers, last=NOT_YET if complete_at is None else DONE)
        functions = {"iterate": iterate, "check": check, "notify": notify}
        outage = Outage(functions, broken, first_call, calls)
        ended = Run(machine(COUNT), {name: outage.function(name) for name in FUNCTIONS})
        ended.of(manifest_event())
        tickers = ended.entered.count("Reconcile Iterator")
        if not notify.given:  # it outlasted Notify's own retries
            assert "notify" in broken
            assert calls > 50
            assert ended.entered[-1] == "Reconciliation Failed"
            continue
        assert ended.entered[-1] == "Done"
        (given,) = notify.given
        assert "failure" not in given["state"]
        assert given["state"]["iterator"]["Payload"]["ticker"] == tickers <= COUNT
        done = given["state"].get("reconcilecheck", {}).get("Payload") == DONE
        assert done or tickers == COUNT


def test_a_short_outage_costs_no_iteration() -> None:
    """Each task has one retry."""
    away = RuntimeError("DynamoDB is away")
    notify = Notify()
    ended = run(machine(), check=Check(away, NOT_YET, away, last=DONE), notify=notify)
    assert ended.entered.count("Reconcile Check Upload") == 2
    assert "lastError" not in notify.given[0]["state"]


def test_an_iteration_takes_sixteen_events_of_the_history() -> None:
    """The setting's limit was calculated with this number."""
    shorter = run(machine(10), check=Check(last=NOT_YET), notify=Notify())
    longer = run(machine(11), check=Check(last=NOT_YET), notify=Notify())
    assert longer.history_events - shorter.history_events == 16


def test_a_continuation_takes_seven_events_and_a_retry_three() -> None:
    """The limits of continuations and retries were calculated with these numbers."""
    plain = run(machine(), check=Check(last=DONE), notify=Notify())
    longer = run(machine(), check=Check(AT_ONCE, last=DONE), notify=Notify())
    retried = run(machine(), check=Check(RuntimeError("away"), last=DONE), notify=Notify())
    assert longer.history_events - plain.history_events == 7
    assert retried.history_events - plain.history_events == 3


def test_an_iteration_whose_iterator_fails_takes_fourteen_events() -> None:
    """This includes its retry, and is less than an iteration with two retried tasks."""
    always = Check(last=RuntimeError("away"))
    shorter = run(machine(10), iterator=always, check=always, notify=Notify())
    longer = run(machine(11), iterator=always, check=always, notify=Notify())
    assert longer.history_events - shorter.history_events == 14


class EveryOther:
    """Fails at each first call, and succeeds at the retry."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.calls = 0

    def __call__(self, payload: Payload) -> Payload:
        self.calls += 1
        if self.calls % 2:
            raise RuntimeError("Rate exceeded")
        answer: Payload = self.function(payload)
        return answer


class NotifyAtItsLimits(Notify):
    """Uses up every retrier, and then fails or succeeds."""

    def __init__(self, last: Exception | None) -> None:
        super().__init__()
        look, other = (each["MaxAttempts"] for each in RETRY_NOTIFY[1:])
        self.errors = iter(
            [*[errors.LookUnfinishedError("at a key")] * look, *[RuntimeError("away")] * other]
        )
        self.last = last

    def __call__(self, payload: Payload) -> Payload:
        error = next(self.errors, self.last)
        if error is not None:
            raise error
        return super().__call__(payload)


@pytest.mark.parametrize("last", [None, RuntimeError("away")], ids=["published", "in vain"])
@pytest.mark.parametrize("iterator", [iterate, None], ids=["retried", "fails"])
def test_the_longest_execution_that_the_settings_allow_stays_below_the_limit(
    last: Exception | None, iterator: Any
) -> None:
    """Pitfall 19: it has every iteration, continuation and retry that the definition allows."""
    longest = SETTINGS["reconcileCountIterations"].rule
    assert longest.holds(MOST_ITERATIONS)
    assert not longest.holds(MOST_ITERATIONS + 1)
    continuations = [AT_ONCE] * reconcile_check.MAX_CONTINUATIONS
    assert len(continuations) == 350
    ended = run(
        machine(MOST_ITERATIONS),
        iterator=EveryOther(iterator) if iterator else Check(last=RuntimeError("away")),
        check=EveryOther(Check(*continuations, last=NOT_YET)),
        notify=NotifyAtItsLimits(last),
    )
    assert ended.entered[-1] == ("Reconciliation Failed" if last else "Done")
    assert ended.entered.count("Wait") == MOST_ITERATIONS - 1
    assert ended.history_events < HISTORY_LIMIT


def test_the_definition_needs_no_cdktf() -> None:
    """The settings do not, either: importing cdktf takes seconds."""
    code = (
        "import sys, stacks.settings, stacks.constructs.reconciliation_states;"
        "print([name for name in sys.modules if name.split('.')[0] in ('cdktf', 'jsii')],"
        " [name for name in sys.modules if name.startswith('cdktf_cdktf_provider_aws.')])"
    )
    root = Path(__file__).parents[2]
    response = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert response.stdout == "[] []\n"
