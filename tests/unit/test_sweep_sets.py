"""The sweep finds everything that was due and did not happen, without an operator."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from handlers import record_upload, sweep_sets
from handlers.aws.register import Register
from handlers.core.events import ManifestUpload
from handlers.core.execution import Execution
from handlers.core.set_register import START_AFTER_SECONDS, SetRow
from tests.unit.fakes import SET_TABLE, FakeAws, FakeContext
from tests.unit.lambda_environments import SWEEP
from tests.unit.refusals import client_error
from tests.unit.samples import (
    EVENT_TIME,
    EXECUTION,
    OTHER_EXECUTION,
    batch,
    data_event,
    manifest_event,
    manifest_upload,
    upload,
)

FOLDER = "a-vaultjob/"
DAY = 86_400
HOUR = 3_600


@pytest.fixture(autouse=True)
def now(aws: FakeAws) -> None:
    """Start at the time of the samples' events."""
    aws.clock.now = EVENT_TIME


def record(*events: dict[str, Any]) -> None:
    """Record events in the form in which the queue delivers them."""
    answer = record_upload.handler(batch(*events), FakeContext().typed)
    assert answer == {"batchItemFailures": []}


def sweep() -> None:
    """Run the sweep once."""
    sweep_sets.handler({}, FakeContext().typed)


def row() -> SetRow:
    """Return the set's row."""
    found = Register(table=SET_TABLE).row(FOLDER)
    assert found
    return found


def published(aws: FakeAws) -> list[dict[str, Any]]:
    """Return the details of the events on the bus; all of them report overdue manifests."""
    assert {entry["DetailType"] for entry in aws.events.accepted} <= {"Dataset Manifest Overdue"}
    return [json.loads(entry["Detail"]) for entry in aws.events.accepted]


def check(
    manifest: ManifestUpload | None = None, arn: str = EXECUTION, version_id: str = "v1"
) -> None:
    """Register the first check of an execution."""
    register = Register(table=SET_TABLE)
    register.executions.open(arn, manifest or manifest_upload())
    register.checked(
        execution(manifest, arn), version_id=version_id, listed=9, stands_at="a-vaultjob/x"
    )


def execution(manifest: ManifestUpload | None = None, arn: str = EXECUTION) -> Execution:
    """Return an execution."""
    return Execution(
        arn=arn, started=EVENT_TIME, manifest=manifest or manifest_upload(), iterations=7
    )


def conclude(
    aws: FakeAws,
    status: str,
    manifest: ManifestUpload | None = None,
    arn: str = EXECUTION,
    version_id: str = "v1",
) -> None:
    """Register an outcome."""
    outcome = {
        "status": status,
        "outcome-id": f"outcome of {arn}",
        "finished": int(aws.clock.now),
        "event-time": EVENT_TIME,
        "manifest-version-id": version_id,
    }
    Register(table=SET_TABLE).concluded(execution(manifest, arn), outcome)


def is_due(aws: FakeAws) -> bool:
    """Return whether the set has something due, now or later."""
    (item,) = [each for each in aws.dynamodb.rows(SET_TABLE) if each["folder"]["S"] == FOLDER]
    return "due" in item


def test_a_set_without_a_manifest_is_announced_once_it_has_rested(aws: FakeAws) -> None:
    record(data_event(upload("a-vaultjob/x"), upload("a-vaultjob/y", event_time=EVENT_TIME + 60)))
    aws.folders.modified = {
        "a-vaultjob/x": EVENT_TIME,
        "a-vaultjob/a.manifest.filepart": EVENT_TIME,
    }
    for seconds in (0, DAY, DAY + 59):
        aws.clock.now = EVENT_TIME + seconds
        sweep()
        assert published(aws) == []
    aws.clock.now = EVENT_TIME + DAY + 60
    sweep()
    (detail,) = published(aws)
    assert len(detail.pop("overdue-id")) == 64
    assert detail.pop("notice")["command"] == "show a"
    assert detail == {
        "set-id": "a",
        "bucket-name": "bucket",
        "set-folder": FOLDER,
        "first-arrival": EVENT_TIME,
        "last-arrival": EVENT_TIME + 60,
        "near-misses": ["a-vaultjob/a.manifest.filepart"],
    }
    aws.clock.now += 30 * DAY
    sweep()
    assert len(published(aws)) == 1
    assert not is_due(aws)


def test_a_repeated_announcement_has_the_same_id(aws: FakeAws) -> None:
    """A sweep that ends between publishing and marking publishes again in the next run."""
    record(data_event(upload("a-vaultjob/x")))
    aws.clock.now += 2 * DAY
    aws.dynamodb.fails = lambda operation, parameters: (
        client_error("InternalServerError", 500)
        if "overdueAt" in parameters.get("UpdateExpression", "")
        else None
    )
    sweep()
    aws.dynamodb.fails = lambda *_: None
    sweep()
    first, second = published(aws)
    assert first == second


def test_a_manifest_that_arrives_ends_the_waiting(aws: FakeAws) -> None:
    """The order does not matter, because SQS does not keep it."""
    record(manifest_event())
    record(data_event(upload("a-vaultjob/x")))
    aws.clock.now += 1
    check()
    conclude(aws, "Successful")
    aws.clock.now += 2 * DAY
    sweep()
    assert published(aws) == []
    assert not is_due(aws)


def test_events_replayed_after_the_outcome_change_nothing(aws: FakeAws) -> None:
    events = data_event(upload("a-vaultjob/x")), manifest_event()
    record(*events)
    aws.clock.now += 60
    check()
    conclude(aws, "Successful")
    before = row()
    record(*events, data_event(upload("a-vaultjob/y", event_time=EVENT_TIME + 60)))
    assert (row(), is_due(aws)) == (before, False)
    aws.clock.now += 2 * DAY
    sweep()
    assert published(aws) == []
    assert row() == before
    assert aws.states.executions == {}


def test_a_set_that_is_delivered_again_is_due_again(aws: FakeAws) -> None:
    record(data_event(upload("a-vaultjob/x")), manifest_event())
    check()
    conclude(aws, "Successful")
    newer("v2")
    record(data_event(upload("a-vaultjob/x", event_time=EVENT_TIME + 8)))
    assert (row().first_arrival, row().outcome, is_due(aws)) == (EVENT_TIME + 8, None, True)


@pytest.mark.parametrize(("status", "announced"), [("Successful", 1), ("Timed out", 0)])
def test_data_after_a_successful_outcome_is_another_delivery(
    aws: FakeAws, status: str, announced: int
) -> None:
    """After *Timed out*, late files are expected."""
    record(data_event(upload("a-vaultjob/x")), manifest_event())
    check()
    conclude(aws, status)
    late = EVENT_TIME + HOUR
    record(data_event(upload("a-vaultjob/y", event_time=late)))
    for _ in range(2):
        aws.clock.now = late + DAY
        sweep()
    assert [detail["first-arrival"] for detail in published(aws)] == announced * [late]
    assert not is_due(aws)


def test_an_execution_that_never_started_is_started_once(
    aws: FakeAws, metrics: Callable[[], Counter[str]]
) -> None:
    record(manifest_event())
    aws.clock.now += START_AFTER_SECONDS - 1
    sweep()
    assert aws.states.executions == {}
    for _ in range(3):
        aws.clock.now += START_AFTER_SECONDS
        sweep()
    ((arn, started),) = aws.states.executions.items()
    assert arn.startswith("arn:aws:states:us-east-1:123456789011:execution:reconciliation:sweep-")
    assert json.loads(started["input"]) == manifest_event()
    assert metrics()["ExecutionsStartedLate"] == 1


def test_an_execution_of_the_sweep_that_ended_without_a_check_is_decided(aws: FakeAws) -> None:
    record(manifest_event())
    aws.clock.now += START_AFTER_SECONDS
    sweep()
    (arn,) = aws.states.executions
    aws.states.executions[arn]["status"] = "FAILED"
    aws.clock.now += HOUR
    sweep()
    assert decided(aws) == [arn]


def decided(aws: FakeAws) -> list[str]:
    """Return the executions for which Notify was called."""
    assert {call["FunctionName"] for call in aws.lambda_.calls} <= {SWEEP.notify_function}
    return [Execution.from_event(json.loads(call["Payload"])).arn for call in aws.lambda_.calls]


def test_an_execution_that_has_ended_without_an_outcome_is_decided_by_notify(aws: FakeAws) -> None:
    """DescribeExecution is eventually consistent, and a decision may be written but not published."""
    given = json.dumps(manifest_event())
    for arn, status in ((EXECUTION, "ABORTED"), (OTHER_EXECUTION, "RUNNING")):
        check(arn=arn)
        aws.states.put(arn, status, given)
    aws.clock.now += HOUR
    sweep()
    assert decided(aws) == [EXECUTION]
    conclude(aws, "Failed")
    aws.states.put(OTHER_EXECUTION, "FAILED", given)
    aws.clock.now += HOUR
    sweep()
    assert decided(aws) == [EXECUTION, OTHER_EXECUTION]


def newer(version_id: str) -> None:
    """Record a newer manifest, and let a new execution check it."""
    manifest = replace(
        manifest_upload(), upload=upload("a-vaultjob/a.manifest", event_time=EVENT_TIME + 9)
    )
    record(manifest_event(manifest))
    check(manifest, OTHER_EXECUTION, version_id)


def another_attempt(version_id: str) -> None:
    """Start another attempt as an operator does, and register its first check."""
    check(manifest_upload(attempt=2), OTHER_EXECUTION, version_id)


@pytest.mark.parametrize("follow", [newer, another_attempt])
def test_an_execution_is_decided_though_another_manifest_or_attempt_followed(
    aws: FakeAws, follow: Callable[[str], None]
) -> None:
    check()
    follow("v2" if follow is newer else "v1")
    for arn in (EXECUTION, OTHER_EXECUTION):
        aws.states.put(arn, "TIMED_OUT", json.dumps(manifest_event()))
    aws.clock.now += HOUR
    sweep()
    assert decided(aws) == [EXECUTION, OTHER_EXECUTION]
    assert row().executions == {OTHER_EXECUTION}


def test_an_execution_is_decided_less_often_each_time_and_given_up_with_its_history(
    aws: FakeAws, metrics: Callable[[], Counter[str]]
) -> None:
    check()
    aws.states.put(EXECUTION, "FAILED", json.dumps(manifest_event()))
    for _ in range(10 * 96):
        aws.clock.now += START_AFTER_SECONDS
        sweep()
    assert 12 < len(aws.lambda_.calls) < 20
    del aws.states.executions[EXECUTION]
    metrics()
    for _ in range(3):
        aws.clock.now += DAY
        sweep()
    assert metrics()["OutcomesNotDecided"] == 1


def test_another_attempt_takes_the_row_over_from_the_one_before(aws: FakeAws) -> None:
    record(manifest_event())
    check()
    conclude(aws, "Timed out")
    another_attempt("v1")
    assert row().outcome is None
    assert row().executions == {OTHER_EXECUTION}
    assert row().manifest == manifest_upload(attempt=2)
    conclude(aws, "Failed")  # a late call for the previous attempt
    assert row().outcome is None
    record(manifest_event())  # its event, a second time
    conclude(aws, "Successful", manifest_upload(attempt=2), OTHER_EXECUTION)
    assert row().outcome == "Successful"


def test_an_attempt_at_a_replaced_manifest_leaves_the_row_of_the_newer_one(aws: FakeAws) -> None:
    record(manifest_event())
    check()
    conclude(aws, "Timed out")
    newer("v2")
    before = row()
    third = "arn:aws:states:us-east-1:123456789011:execution:reconciliation:three"
    check(manifest_upload(attempt=2), third)
    conclude(aws, "Successful", manifest_upload(attempt=2), third)
    assert row() == before


@pytest.mark.parametrize("version_id", ["v1", str(EVENT_TIME)])
def test_an_attempt_after_one_that_could_not_read_the_manifest_is_registered(
    aws: FakeAws, version_id: str
) -> None:
    """The outcome has the event's time if no version was pinned."""
    record(manifest_event())
    conclude(aws, "Failed", version_id=version_id)
    another_attempt("v1")
    assert row().manifest == manifest_upload(attempt=2)


def test_an_attempt_at_a_set_that_the_register_does_not_know_is_registered(aws: FakeAws) -> None:
    another_attempt("v1")
    assert row().manifest == manifest_upload(attempt=2)
    assert row().executions == {OTHER_EXECUTION}


def test_an_execution_that_checks_is_left_alone(aws: FakeAws) -> None:
    record(manifest_event())
    aws.clock.now += 60
    check()
    aws.clock.now += HOUR - 1
    sweep()
    assert aws.states.executions == {} == dict(enumerate(aws.lambda_.calls))


def test_a_check_is_registered_before_its_manifest_is_recorded(aws: FakeAws) -> None:
    """The bus starts the execution at once; the messages of the record queue may wait for hours."""
    check()
    aws.clock.now += 60
    record(manifest_event())
    assert row().executions == {EXECUTION}


def test_an_older_manifest_does_not_undo_a_newer_one(aws: FakeAws) -> None:
    newer = ManifestUpload(
        set_id="a", upload=upload("a-vaultjob/a.manifest", event_time=EVENT_TIME + 9)
    )
    record(manifest_event(newer))
    check(newer)
    record(manifest_event())
    conclude(aws, "Failed")
    assert (row().manifest, row().outcome) == (newer, None)
    assert row().executions == {EXECUTION}


@pytest.mark.parametrize("age_days", [1, 11])
def test_a_set_whose_every_event_was_lost_is_found_once_a_day(aws: FakeAws, age_days: int) -> None:
    """An old folder from before the register existed is ignored."""
    keys = ("team/b-vaultjob/x", "team/b-vaultjob/b.manifest", "other/x", "readme.txt")
    aws.folders.modified = dict.fromkeys(keys, EVENT_TIME - age_days * DAY)
    sweep()
    calls = aws.folders.calls
    sweep()
    assert aws.folders.calls == calls, "It lists the bucket once a day"
    aws.clock.now += DAY
    sweep()
    sweep()
    expected = [["team/b-vaultjob/b.manifest"]] if age_days == 1 else []
    assert [detail["near-misses"] for detail in published(aws)] == expected


def test_one_set_that_fails_does_not_keep_the_others_waiting(aws: FakeAws) -> None:
    record(data_event(upload("a-vaultjob/x")), data_event(upload("b-vaultjob/x"), set_id="b"))
    aws.clock.now += 2 * DAY
    aws.events.refuses = lambda entry: '"a"' in entry["Detail"]
    sweep()
    assert [detail["set-id"] for detail in published(aws)] == ["b"]
    aws.events.refuses = lambda entry: False
    sweep()
    assert [detail["set-id"] for detail in published(aws)] == ["b", "a"]


def change(aws: FakeAws, key: str, attributes: dict[str, Any]) -> None:
    """Change a row as somebody does by hand; an attribute that is None is removed."""
    table = aws.dynamodb.tables[SET_TABLE]
    changed = {**table[(key,)], **attributes}
    table[(key,)] = {name: value for name, value in changed.items() if value is not None}


@pytest.mark.parametrize(
    ("key", "damage"),
    [
        (FOLDER, {"setId": None}),
        (FOLDER, {"bucketName": None}),
        (FOLDER, {"firstArrival": {"S": "yesterday"}}),
        (FOLDER, {"lastArrival": {"N": "1.5"}}),
        (FOLDER, {"manifest": {"S": "{}"}}),
        (FOLDER, {"manifest": {"S": 9_999 * "["}}),
        (FOLDER, {"manifest": {"S": "[]"}}),
        (EXECUTION, {"manifest": None}),
        (EXECUTION, {"manifest": {"S": "not JSON"}}),
        (EXECUTION, {"decisions": {"S": "many"}}),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_swept(
    aws: FakeAws,
    metrics: Callable[[], Counter[str]],
    caplog: pytest.LogCaptureFixture,
    key: str,
    damage: dict[str, Any],
) -> None:
    """The row stays due, so each sweep names it until somebody corrects or deletes it."""
    record(data_event(upload("a-vaultjob/x")))
    check()
    record(data_event(upload("z-vaultjob/x", event_time=EVENT_TIME + 1), set_id="z"))
    change(aws, key, damage)
    aws.states.put(EXECUTION, "RUNNING")
    for _ in range(2):
        aws.clock.now += 2 * DAY
        sweep()
        assert [each.levelname for each in caplog.records].count("ERROR") == 1
        assert f"The register's row {key!r} cannot be read" in caplog.text
        assert metrics()["SetsNotSwept"] == 1
        caplog.clear()
    assert "z" in [detail["set-id"] for detail in published(aws)]


def test_an_unknown_error_of_one_set_does_not_stop_the_sweep(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, metrics: Callable[[], Counter[str]]
) -> None:
    record(data_event(upload("a-vaultjob/x")), data_event(upload("b-vaultjob/x"), set_id="b"))
    aws.clock.now += 2 * DAY
    aws.events.fails = lambda entries: ZeroDivisionError() if '"a"' in str(entries) else None
    sweep()
    assert [detail["set-id"] for detail in published(aws)] == ["b"]
    sent = metrics()
    assert (sent["SetsNotSwept"], sent["SweepsFinished"]) == (1, 1)


@pytest.mark.parametrize("damage", [{"bucketName": None}, {"manifest": {"S": "{}"}}])
def test_a_check_reads_the_last_arrival_of_a_row_that_cannot_be_read(
    aws: FakeAws, damage: dict[str, Any]
) -> None:
    """An error of the register must not look like an unusable manifest, which ends in *Failed*."""
    record(data_event(upload("a-vaultjob/x")))
    change(aws, FOLDER, damage)
    assert Register(table=SET_TABLE).last_arrival(FOLDER) == EVENT_TIME


def test_arrivals_keep_the_first_and_the_last_time_in_any_order(aws: FakeAws) -> None:
    for seconds in (5, 9, 2, 7):
        record(data_event(upload(f"a-vaultjob/{seconds}", event_time=EVENT_TIME + seconds)))
    assert (row().first_arrival, row().last_arrival) == (EVENT_TIME + 2, EVENT_TIME + 9)


def test_a_register_that_is_not_available_returns_the_message(aws: FakeAws) -> None:
    aws.dynamodb.fails = lambda operation, _: (
        client_error("InternalServerError", 500) if operation == "UpdateItem" else None
    )
    answer = record_upload.handler(batch(data_event(upload("a-vaultjob/x"))), FakeContext().typed)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_each_sweep_measures_how_many_sets_wait_and_how_many_executions_are_open(
    aws: FakeAws, metrics: Callable[[], Counter[str]]
) -> None:
    """Two executions of one set count twice; the set waits until the first sweep after its start."""
    record(data_event(upload("a-vaultjob/x")), data_event(upload("b-vaultjob/x"), set_id="b"))

    def measured() -> tuple[int, int]:
        sweep()
        sent = metrics()
        assert sent["SetsNotSwept"] == 0
        return sent["SetsWaiting"], sent["ExecutionsOpen"]

    assert measured() == (2, 0)
    record(manifest_event())
    for arn in (EXECUTION, OTHER_EXECUTION):
        check(arn=arn)
    aws.clock.now += START_AFTER_SECONDS
    assert measured() == (1, 2)
    for arn in (EXECUTION, OTHER_EXECUTION):
        conclude(aws, "Timed out", arn=arn)
    assert measured() == (1, 0)
