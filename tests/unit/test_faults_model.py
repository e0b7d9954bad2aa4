"""Random schedules of deliveries, faults and repetitions: no upload is lost, each set has one outcome.

Each schedule runs the real handlers on fakes that refuse the requests that AWS refuses.
``FAULT_SCHEDULES=20000`` runs that number of random schedules. Without it, 400 run within a minute; they
are the same in each run of this file, but not beside others, whose constants Hypothesis also tries.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from handlers.aws.telemetry import logger
from handlers.core.difference import Difference, DifferenceType
from handlers.core.held import Held
from handlers.reconcile_notify import publish
from tests.unit.fakes import EVENT_TABLE, OUTCOME_TABLE, REPORTS_BUCKET, SET_TABLE, installed
from tests.unit.fault_world import Manifest, Payload, World
from tests.unit.faulty_clients import NO_FAULT, Fault, Kind
from tools.simulation.system import OneByOne

SETS = ("a", "b-1")
FOLDER = "e"
NAMES = ("d/z", "x", "y", FOLDER)
POISON = ("", "{", "[]", '{"detail": 1}', '{"detail": {}, "source": "other"}', "null")
MOST_SWEEPS = 20
SCHEDULES = int(os.environ.get("FAULT_SCHEDULES", "400"))
BUDGET = settings(
    max_examples=SCHEDULES,
    stateful_step_count=25,
    derandomize="FAULT_SCHEDULES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
NUMBER = st.integers(0, 5)
SET = st.sampled_from(SETS)
NAME = st.sampled_from(NAMES)
SIZE = st.integers(0, 2)
FILES = st.dictionaries(NAME, SIZE)
LISTED = st.one_of(st.sets(NAME), st.dictionaries(NAME, SIZE))
BATCH = st.lists(NUMBER, min_size=1, max_size=6, unique=True)
FAULT = st.one_of(
    st.just(NO_FAULT),
    st.builds(Fault, st.sampled_from(Kind), st.integers(1, 20), st.booleans(), st.booleans()),
)
LOOKS = st.one_of(st.none(), st.integers(0, 3))
"""The number of checks of the remaining time before the function's time is over."""


class Schedules(RuleBasedStateMachine):
    """Random rules in any order; afterwards the result is the same as without faults."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.world = World()
        self.stack.enter_context(installed(self.world.aws))
        self.stack.enter_context(patch("handlers.aws.upload_rows.ThreadPoolExecutor", OneByOne))
        self.poison: set[tuple[str, str]] = set()
        self.began = dict.fromkeys(SETS, int(self.world.now))

    @initialize(
        files=FILES,
        others=st.dictionaries(NAME, SIZE, max_size=1),
        sized=st.booleans(),
        begun=st.booleans(),
    )
    def vault(
        self, files: dict[str, int], others: dict[str, int], sized: bool, begun: bool
    ) -> None:
        """Vault a set; its manifest may list one more file, or another size of a file.

        If *begun*, the uploads are classified, and the events on the bus are delivered.
        """
        for name, size in files.items():
            self.upload("a", name, size)
        listed = files | others
        self.upload_manifest("a", listed if sized else set(listed))
        if begun:
            self.world.receive(self.world.uploads, range(10))
            for _ in tuple(self.world.on_bus):
                self.world.deliver(0)

    @rule(set_id=SET, name=NAME, size=SIZE)
    def upload(self, set_id: str, name: str, size: int) -> None:
        self.world.put(set_id, name, 0 if name == FOLDER else size, folder=name == FOLDER)

    @rule(set_id=SET, listed=LISTED)
    def upload_manifest(self, set_id: str, listed: dict[str, int] | set[str]) -> None:
        """Upload a rich manifest if there are sizes; a manifest without names is unusable."""
        sizes: dict[str, int | None] = dict.fromkeys(listed)
        if isinstance(listed, dict):
            sizes |= {name: 0 if name == FOLDER else size for name, size in listed.items()}
        self.world.write_manifest(set_id, sizes, self.began[set_id])

    @rule(set_id=SET)
    def begin_another_delivery(self, set_id: str) -> None:
        self.world.pass_time(600)
        self.began[set_id] = int(self.world.now)

    @rule(records=st.booleans(), body=st.sampled_from(POISON))
    def send_poison(self, records: bool, body: str) -> None:
        self.world.send(self.world.records if records else self.world.uploads, body)
        self.poison.add(("records" if records else "uploads", body))

    @precondition(lambda self: self.world.visible(self.world.uploads))
    @rule(batch=BATCH, fault=FAULT, again=st.booleans())
    def classify(self, batch: list[int], fault: Fault, again: bool) -> None:
        """Pass messages in any order and number; SQS may deliver a handled message again."""
        self.world.receive(self.world.uploads, batch, fault, again=again)

    @precondition(lambda self: self.world.visible(self.world.records))
    @rule(batch=BATCH, fault=FAULT, again=st.booleans(), looks=LOOKS)
    def record(self, batch: list[int], fault: Fault, again: bool, looks: int | None) -> None:
        self.world.receive(self.world.records, batch, fault, looks, again=again)

    @precondition(lambda self: self.world.on_bus)
    @rule(number=NUMBER, again=st.booleans(), lost=st.booleans())
    def deliver_from_bus(self, number: int, again: bool, lost: bool) -> None:
        self.world.deliver(number, again=again, lost=lost)

    @precondition(lambda self: self.world.running)
    @rule(number=NUMBER, steps=st.integers(1, 12), fault=FAULT, looks=LOOKS)
    def go_on(self, number: int, steps: int, fault: Fault, looks: int | None) -> None:
        execution = self.world.running[number % len(self.world.running)]
        for _ in range(steps):
            if execution in self.world.running:
                self.world.go_on(execution, fault, looks)

    @precondition(lambda self: self.world.running)
    @rule(number=NUMBER, late=st.booleans())
    def stop_execution(self, number: int, late: bool) -> None:
        execution = self.world.running[number % len(self.world.running)]
        self.world.end(execution, "ABORTED", late=late)

    @precondition(lambda self: self.world.calls)
    @rule(number=NUMBER, fault=FAULT, again=st.booleans())
    def call_notify(self, number: int, fault: Fault, again: bool) -> None:
        calls = self.world.calls
        self.world.call_notify(calls[number % len(calls)], fault, again=again)

    @rule(seconds=st.sampled_from([1, 31, 901, 3601, 80 * 3600]))
    def pass_time(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @rule(fault=FAULT, looks=LOOKS)
    def sweep(self, fault: Fault, looks: int | None) -> None:
        self.world.sweep(fault, looks)

    @rule()
    def deploy(self) -> None:
        self.world.newer_release = not self.world.newer_release

    def teardown(self) -> None:
        try:
            settle(self.world)
            assert_nothing_is_lost(self.world, self.poison)
            assert_each_set_has_its_outcome(self.world)
        finally:
            self.stack.close()

    def check_invariants(self, *given: Any, **named: Any) -> None:
        """Count each rule as a step."""
        self.world.step += 1
        super().check_invariants(*given, **named)


def settle(world: World) -> None:
    """Without further faults, empty the queues, end the executions, and run the sweep."""
    for name, queue in (("uploads", world.uploads), ("records", world.records)):
        bodies = world.dead.pop(f"{name}-dead-letters", [])
        for body in bodies:
            if body in POISON:
                world.dead[f"{name}-dead-letters"].append(body)
            else:
                world.send(queue, body)
    for _ in range(MOST_SWEEPS):
        run_dry(world)
        world.sweep()
        due = [
            int(row["dueAt"]["N"]) for row in world.account.dynamodb.rows(SET_TABLE) if "due" in row
        ]
        if not due and is_dry(world):
            return
        world.pass_time(max(1, max(due, default=0) - world.now))
    raise AssertionError("The sweep finds something to do for ever")


def is_dry(world: World) -> bool:
    """Return whether nothing is left to do."""
    return not (world.uploads or world.records or world.on_bus or world.running or world.calls)


def run_dry(world: World) -> None:
    """Do all pending work."""
    while not is_dry(world):
        world.step += 1
        world.pass_time(31)
        for queue in (world.uploads, world.records):
            if world.visible(queue):
                world.receive(queue, range(10))
            elif queue:
                world.pass_time(3_600)
        while world.on_bus:
            world.deliver(0)
        for execution in list(world.running):
            world.step += 1
            world.go_on(execution)
        for call in list(world.calls):
            world.step += 1
            world.call_notify(call)


def assert_nothing_is_lost(world: World, poison: set[tuple[str, str]]) -> None:
    """The table has the newest event of each key, and only unreadable messages are dead letters."""
    rows = {
        (row["setId"]["S"], row["objectKey"]["S"]): (
            int(row["eventTime"]["N"]),
            int(row["objectSize"]["N"]),
        )
        for row in world.account.dynamodb.rows(EVENT_TABLE)
    }
    assert rows == world.announced
    dead = {
        (name.removesuffix("-dead-letters"), body)
        for name, bodies in world.dead.items()
        for body in bodies
    }
    assert dead == poison


def assert_each_set_has_its_outcome(world: World) -> None:
    """Each manifest upload has one outcome text, and a plain comparison confirms it."""
    texts: dict[str, set[str]] = defaultdict(set)
    for each in world.outcomes:
        texts[each["outcome-id"]].add(json.dumps(each))
    assert [len(each) for each in texts.values()] == len(texts) * [1]
    outcomes = [json.loads(text) for each in texts.values() for text in each]
    ids = Counter((each["set-id"], each["manifest-version-id"]) for each in outcomes)
    assert set(ids.values()) <= {1}
    by_version = {(each["set-id"], each["manifest-version-id"]): each for each in outcomes}
    newest = {each.set_id: each for each in world.manifests}
    for manifest in world.manifests:
        outcome = by_version.get((manifest.set_id, manifest.version_id))
        unpinned = by_version.get((manifest.set_id, str(manifest.event_time)))
        if outcome and unpinned:
            # The execution of an older upload read this version. Its own was stopped before it read
            # anything, and the manifest was replaced: nothing names the version any more.
            assert outcome["event-time"] < manifest.event_time, "Failed, and then decided"
            assert manifest is not newest[manifest.set_id]
        if outcome:
            assert_outcome_is_right(world, manifest, outcome)
        elif unpinned:
            assert unpinned["status"] == "Failed"
        else:
            assert manifest is not newest[manifest.set_id], "It has no outcome"
            assert (manifest.set_id, manifest.version_id) not in pinned(world)
    for row in world.account.dynamodb.rows(SET_TABLE):
        if not row["folder"]["S"].endswith("/"):
            assert "due" not in row, "An execution owes an outcome"
        elif "manifest" in row:
            assert "outcome" in row, "The register does not know it"
            assert "due" not in row
        elif "setId" in row:
            assert {"a-vaultjob/", "b-1-vaultjob/"} >= {row["folder"]["S"]}
            overdue = {
                each["overdue-id"]
                for each in world.overdue
                if each["set-folder"] == row["folder"]["S"]
            }
            assert overdue, "Nobody knows that its manifest is overdue"


def pinned(world: World) -> set[tuple[str, str]]:
    """Return each set and version of its manifest that an execution pinned."""
    return {
        (json.loads(execution["input"])["detail"]["set-id"], item["manifestVersionId"]["S"])
        for arn, execution in world.account.states.executions.items()
        if (item := world.account.dynamodb.tables[OUTCOME_TABLE].get((f"pin#{arn}",)))
    }


def assert_outcome_is_right(world: World, manifest: Manifest, outcome: Payload) -> None:
    """Each key has the difference that it had at some time during the execution's comparison."""
    status, execution = outcome["status"], outcome["execution"]
    if status == "Failed":
        ended = execution in world.stopped or execution not in world.checked
        assert ended or not manifest.listed
        return
    assert manifest.listed
    by_check = outcome["reason"] == "Manifest, uploads and objects agree"
    first = (world.first_check if by_check else world.first_notify)[execution]
    then = world.during(manifest, first, world.decided[outcome["outcome-id"]])
    folder = f"{manifest.set_id}-vaultjob/"
    lines = reported(world, outcome)
    types = {line["key"].removeprefix(folder): line["type"] for line in lines}
    assert len(types) == len(lines)
    assert (status == "Successful") is (not types)
    for name in {*types, *(name for found in then for name in found)}:
        assert types.get(name) in [found.get(name) for found in then], (name, types, then)
    counts = Counter(types.values())
    for type_ in set(DifferenceType) - {DifferenceType.CHECKSUM_MISMATCH}:
        assert outcome[type_] == counts[type_]
    assert outcome["files"] == len(manifest.listed)


def reported(world: World, outcome: Payload) -> list[Payload]:
    """Return the differences in the outcome's report; the report's summary contains the outcome."""
    s3 = world.account.s3
    key = outcome["report"].removeprefix(f"s3://{REPORTS_BUCKET}/")
    summary = json.loads(s3.newest(key, bucket=REPORTS_BUCKET))
    assert summary | outcome == summary | {"notice": outcome["notice"]}
    return [
        json.loads(line)
        for part in summary["differences"]
        for line in gzip.decompress(s3.newest(part, bucket=REPORTS_BUCKET)).splitlines()
    ]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Reduce logging, which would take most of the time of thousands of invocations."""
    level = logger.log_level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def test_no_schedule_of_faults_loses_an_upload_or_an_outcome() -> None:
    run_state_machine_as_test(Schedules, settings=BUDGET)


def publish_with_another_id(detail: Payload) -> None:
    """Publish an outcome twice, the second time with another id."""
    publish(detail)
    publish({**detail, "outcome-id": 64 * "0"})


def no_sizes(held: Held) -> Difference | None:
    """Return the difference of a key, except a size mismatch."""
    found = difference(held)
    return None if found and found.type is DifferenceType.SIZE_MISMATCH else found


difference = Held._difference


@pytest.mark.parametrize(
    ("target", "planted"),
    [
        (
            "handlers.aws.source_queue.SourceQueue.answer",
            lambda *_, **__: {"batchItemFailures": []},
        ),
        ("handlers.reconcile_notify.publish", publish_with_another_id),
        ("handlers.core.held.Held._difference", no_sizes),
    ],
    ids=["a message that failed is deleted", "two ids", "a size is ignored"],
)
def test_the_model_catches(target: str, planted: Any) -> None:
    """The model fails if the code has a fault."""
    budget = settings(BUDGET, max_examples=200, phases=[Phase.generate], derandomize=True)
    with patch(target, planted), pytest.raises(AssertionError):
        run_state_machine_as_test(Schedules, settings=budget)
