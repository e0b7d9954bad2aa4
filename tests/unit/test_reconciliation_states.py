"""The state machine's definition, as a dict: its shape, and how it runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
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
from stacks.constructs.reconciliation_states import definition
from stacks.settings_schema import SETTINGS
from tests.state_machine import Payload, Run
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
    "Reconciliation Failed",
]


def machine(count: int = 3, wait_seconds: int = 30) -> Payload:
    """Return the definition, its functions' ARNs being their names."""
    return definition(
        iterate_arn="iterate",
        check_arn="check",
        notify_arn="notify",
        count=count,
        wait_seconds=wait_seconds,
    )


class Check:
    """Reconcile Check Upload: answers what it is told, then *last* for ever."""

    def __init__(self, *answers: Payload | Exception, last: Payload | Exception) -> None:
        self.answers = iter(answers)
        self.last = last

    def __call__(self, payload: Payload) -> Payload:
        answer = next(self.answers, self.last)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Notify:
    """Reconcile Notify: keeps what it was given, after it failed as often as it is told."""

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
    """Call the function that the machine calls."""
    answer: Payload = reconcile_iterator.handler(payload, FakeContext().typed)
    return answer


def run(states: Payload, *, check: Any, notify: Any, iterator: Any = iterate) -> Run:
    """Run *states* on a manifest's event to the end."""
    functions = {"iterate": iterator, "check": check, "notify": notify}
    ended = Run(states, functions)
    ended.of(manifest_event())
    return ended


def each_dict(value: Any) -> Iterator[Payload]:
    """Yield every object in *value*, however deep."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from each_dict(each)


def test_the_states_are_those_of_the_specification_in_its_order() -> None:
    """Beside them only what a failure needs."""
    assert list(machine()["States"]) == STATES
    assert machine()["StartAt"] == STATES[0]


def test_every_transition_leads_to_a_state() -> None:
    """Step Functions would refuse the definition, but only when it is deployed."""
    states = machine()["States"]
    for each in each_dict(states):
        for key in ("Next", "Default"):
            if isinstance(each.get(key), str):
                assert each[key] in states


def test_every_state_can_be_reached() -> None:
    """A state that nothing leads to is a mistake in another one."""
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
def test_a_task_retries_and_at_last_catches_everything(name: str) -> None:
    """Pitfall 20; ``States.ALL`` must stand alone, and last."""
    task = machine()["States"][name]
    for handlers in (task["Retry"], task["Catch"]):
        names = [handler["ErrorEquals"] for handler in handlers]
        assert names[-1] == ["States.ALL"]
        assert all("States.ALL" not in each for each in names[:-1])
    assert task["Retry"][-1]["MaxAttempts"] >= 3


def test_there_is_no_other_task() -> None:
    """The test above names each of them."""
    tasks = [name for name, state in machine()["States"].items() if state["Type"] == "Task"]
    assert tasks == ["Reconcile Iterator", "Reconcile Check Upload", "Reconcile Notify"]


def test_a_choice_asks_first_whether_there_is_something_to_compare() -> None:
    """A Choice on a path that is absent ends the execution, and no Catch sees it."""
    for state in machine()["States"].values():
        for choice in state.get("Choices", []):
            present, compared = choice["And"]
            assert present == {"Variable": compared["Variable"], "IsPresent": True}
        if state["Type"] == "Choice":
            assert "Default" in state


def test_what_is_never_cured_is_not_retried_and_is_an_error_of_the_handlers() -> None:
    """Step Functions sees a Python exception under its class's name alone."""
    for state in machine()["States"].values():
        for retrier in state.get("Retry", [])[:-1]:
            assert retrier["MaxAttempts"] == 0
            for name in retrier["ErrorEquals"]:
                assert issubclass(getattr(errors, name), errors.VaultError)


def test_notify_tries_for_longer_than_another_executions_claim_lasts() -> None:
    """Else an outcome that was claimed, and then not announced, would wait for an operator."""
    retrier = machine()["States"]["Reconcile Notify"]["Retry"][-1]
    waits = [
        retrier["IntervalSeconds"] * retrier["BackoffRate"] ** attempt
        for attempt in range(retrier["MaxAttempts"])
    ]
    assert sum(waits) > CLAIM_SECONDS


def test_the_definition_is_json() -> None:
    """It travels as a text, and the limit of a definition is a megabyte."""
    assert json.loads(json.dumps(machine())) == machine()


def test_a_dataset_that_is_whole_is_announced_without_a_wait() -> None:
    """The way of a manifest that came last."""
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


def test_notify_learns_which_execution_calls_and_since_when() -> None:
    """The outcome tells both; and the decision is that execution's."""
    notify = Notify()
    run(machine(), check=Check(last=DONE), notify=notify)
    (given,) = notify.given
    assert given["execution"].startswith("arn:aws:states:")
    assert given["started"] == "2020-11-05T12:35:00.123Z"


def test_the_functions_read_what_the_tasks_pass() -> None:
    """At the first check, at a later one, and by Notify after a failure."""
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
    assert (last.iterations, last.failure) == (2, "RuntimeError: DynamoDB is away")


@given(count=st.integers(2, 60), wait_seconds=st.integers(1, 3_600))
def test_a_dataset_that_never_completes_is_announced_when_the_count_is_reached(
    count: int, wait_seconds: int
) -> None:
    """The last iteration only counts: Notify itself looks once more, after the last wait."""
    notify = Notify()
    ended = run(machine(count, wait_seconds), check=Check(last=NOT_YET), notify=notify)
    assert ended.entered.count("Reconcile Iterator") == count
    assert ended.entered.count("Reconcile Check Upload") == count - 1
    assert ended.entered[-3:] == ["Check Count Reached", "Reconcile Notify", "Done"]
    assert ended.waited_seconds == (count - 1) * wait_seconds
    (given,) = notify.given
    assert given["state"]["iterator"]["Payload"]["ticker"] == count


@given(waits=st.integers(0, 20), cut_short=st.integers(0, 20))
def test_a_check_that_was_cut_short_goes_on_at_once(waits: int, cut_short: int) -> None:
    """Without a wait, and without raising the ticker."""
    notify = Notify()
    answers = [*[NOT_YET] * waits, *[AT_ONCE] * cut_short]
    ended = run(machine(100), check=Check(*answers, last=DONE), notify=notify)
    assert ended.entered.count("Reconcile Check Upload") == waits + cut_short + 1
    assert ended.entered.count("Wait") == waits
    (given,) = notify.given
    assert given["state"]["iterator"]["Payload"]["ticker"] == waits + 1


@pytest.mark.parametrize("broken", ["iterate", "check"])
def test_a_step_that_stays_broken_is_told_to_notify(broken: str) -> None:
    """Pitfall 20: retries, then an outcome that says what was wrong."""
    notify = Notify()
    always = Check(last=RuntimeError("DynamoDB is away"))
    steps = {"iterator": iterate, "check": Check(last=NOT_YET)}
    steps |= {"iterator": always} if broken == "iterate" else {"check": always}
    ended = run(machine(), notify=notify, **steps)
    assert ended.entered[-2:] == ["Reconcile Notify", "Done"]
    (given,) = notify.given
    assert given["state"]["failure"] == {"Error": "RuntimeError", "Cause": "DynamoDB is away"}


def test_a_step_that_fails_for_a_while_goes_unnoticed() -> None:
    """Three retries in each iteration."""
    away = RuntimeError("DynamoDB is away")
    notify = Notify()
    ended = run(machine(), check=Check(away, away, away, NOT_YET, away, last=DONE), notify=notify)
    assert ended.entered.count("Reconcile Check Upload") == 2
    assert "failure" not in notify.given[0]["state"]


def test_a_manifest_that_cannot_be_used_is_told_at_once() -> None:
    """What no retry cures is not retried."""
    notify = Notify()
    ended = run(machine(), check=Check(last=errors.ManifestError("It is empty")), notify=notify)
    once = run(machine(), check=Check(last=DONE), notify=Notify())
    assert ended.entered[-3:] == ["Reconcile Check Upload", "Reconcile Notify", "Done"]
    assert ended.history_events == once.history_events - 2  # one choice fewer


def test_an_outcome_that_cannot_be_announced_fails_the_execution() -> None:
    """The rule on executions that ended takes it from there."""
    ended = run(machine(), check=Check(last=DONE), notify=Notify(failures=1_000))
    assert ended.entered[-2:] == ["Reconcile Notify", "Reconciliation Failed"]
    assert ended.error == "OutcomeNotAnnounced"


def test_an_iteration_takes_sixteen_events_of_the_history() -> None:
    """What the setting's limit was reckoned with."""
    shorter = run(machine(10), check=Check(last=NOT_YET), notify=Notify())
    longer = run(machine(11), check=Check(last=NOT_YET), notify=Notify())
    assert longer.history_events - shorter.history_events == 16


def test_the_longest_execution_that_the_settings_allow_stays_below_the_limit() -> None:
    """Pitfall 19: with every continuation, and a thousand events left for retries."""
    longest = SETTINGS["reconcileCountIterations"].rule
    assert longest.holds(MOST_ITERATIONS)
    assert not longest.holds(MOST_ITERATIONS + 1)
    continuations = [AT_ONCE] * reconcile_check.MAX_CONTINUATIONS
    ended = run(
        machine(MOST_ITERATIONS),
        check=Check(*continuations, last=NOT_YET),
        notify=Notify(failures=6),
    )
    assert ended.entered[-1] == "Done"
    assert ended.entered.count("Wait") == MOST_ITERATIONS - 1
    assert ended.history_events + 1_000 < HISTORY_LIMIT


def test_the_definition_needs_no_cdktf() -> None:
    """Nor do the settings: it takes seconds to import, and the unit tests none."""
    code = (
        "import sys, stacks.settings, stacks.constructs.reconciliation_states;"
        "print([name for name in sys.modules if name.split('.')[0] in ('cdktf', 'jsii')],"
        " [name for name in sys.modules if name.startswith('cdktf_cdktf_provider_aws.')])"
    )
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert told.stdout == "[] []\n"
