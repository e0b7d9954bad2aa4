"""Each manifest upload has one outcome, which is decided once, published once and never omitted."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.aws.outcome_store import CLAIM_SECONDS
from handlers.core.errors import OutcomeInFlightError, PublishError
from handlers.reconcile_check import handler as check_handler
from handlers.reconcile_notify import handler
from tests.unit.fakes import REPORTS_BUCKET, FakeAws, FakeContext
from tests.unit.manifests import rich
from tests.unit.refusals import client_error
from tests.unit.samples import (
    EVENT_TIME,
    EXECUTION,
    OTHER_EXECUTION,
    aws_event,
    manifest_event,
    put_row,
    store,
    task_event,
)
from tests.unit.test_outcome import CONTRACT_FIELDS, COUNTED

Payload = dict[str, Any]
LAMBDA_CAUSE = {
    "Error": "ManifestError",
    "Cause": '{"errorMessage": "Line 3", "errorType": "ManifestError", "stackTrace": []}',
}
OTHER_CAUSE = {"Error": "States.Timeout", "Cause": "no JSON"}


def check(before: Payload | None = None, *, execution: str = EXECUTION) -> Payload:
    """Return a check's result."""
    event = task_event(check=before, execution=execution)
    payload: Payload = json.loads(json.dumps(check_handler(event, FakeContext().typed)))
    return payload


def notify(
    checked: Payload | None = None,
    *,
    failure: Mapping[str, Any] | None = None,
    execution: str = EXECUTION,
    context: FakeContext | None = None,
) -> Payload:
    """Call the machine's last task, with no iterations left."""
    event = task_event(ticker=5, count=5, check=checked, failure=failure, execution=execution)
    answer: Payload = handler(event, (context or FakeContext()).typed)
    return answer


def published(aws: FakeAws) -> list[tuple[str, Payload]]:
    """Return the outcomes on the bus: detail type and detail."""
    assert all(
        (entry["Source"], entry["EventBusName"]) == ("vault.application", "vault")
        for entry in aws.events.accepted
    )
    return [(entry["DetailType"], json.loads(entry["Detail"])) for entry in aws.events.accepted]


def summary(aws: FakeAws, outcome: Payload) -> Payload:
    """Return the report of an outcome."""
    bucket, _, key = outcome["report"].removeprefix("s3://").partition("/")
    read: Payload = json.loads(aws.s3.newest(key, bucket=bucket))
    return read


def reported(aws: FakeAws, outcome: Payload) -> list[Payload]:
    """Return the differences in an outcome's report."""
    return [
        json.loads(line)
        for part in summary(aws, outcome)["differences"]
        for line in gzip.decompress(aws.s3.newest(part, bucket=REPORTS_BUCKET)).splitlines()
    ]


def incomplete(aws: FakeAws, *, execution: str = EXECUTION) -> Payload:
    """Put a dataset with a file held back, and return the check's result."""
    store(
        aws,
        lines=["held", "late", "x"],
        announced=["more", "x"],
        objects=["late", "more", "x"],
    )
    return check(execution=execution)


def test_a_dataset_that_is_complete_is_successful(
    aws: FakeAws, metrics: Callable[[], Counter[str]]
) -> None:
    version = store(aws, lines=["x", "y"], announced=["x", "y"], objects=["x", "y"])
    answer = notify(check())
    ((detail_type, outcome),) = published(aws)
    assert detail_type == "File Upload Reconciliation Successful"
    assert outcome.keys() >= CONTRACT_FIELDS
    assert outcome | manifest_event()["detail"] == outcome
    assert outcome["status"] == "Successful"
    assert outcome["manifest-version-id"] == version
    assert (outcome["files"], outcome["found"]) == (2, 2)
    assert [outcome[kind] for kind in ("missing", "absent", "unexpected", "size-mismatch")] == [
        0,
        0,
        0,
        0,
    ]
    assert outcome["examples"] == []
    assert (outcome["execution"], outcome["iterations"]) == (EXECUTION, 5)
    assert (outcome["started"], outcome["finished"]) == (EVENT_TIME + 4, int(aws.clock.now))
    assert answer == {
        "outcomeId": outcome["outcome-id"],
        "announced": True,
        "status": "Successful",
    }
    assert metrics()["ReconciliationsSuccessful"] == 1


def test_a_dataset_that_is_not_whole_times_out_with_its_differences(
    aws: FakeAws, metrics: Callable[[], Counter[str]]
) -> None:
    """Pitfall 14: keys, counts, and a report with the whole list."""
    notify(incomplete(aws))
    ((detail_type, outcome),) = published(aws)
    assert detail_type == "File Upload Reconciliation Timeout"
    assert outcome.keys() >= CONTRACT_FIELDS
    assert outcome["status"] == "Timed out"
    assert (outcome["files"], outcome["found"]) == (3, 1)
    assert (outcome["missing"], outcome["unexpected"], outcome["absent"]) == (2, 1, 0)
    assert outcome["examples"] == [
        {"type": "missing", "key": "a-vaultjob/held", "inS3": False},
        {"type": "missing", "key": "a-vaultjob/late", "inS3": True},
        {"type": "unexpected", "key": "a-vaultjob/more"},
    ]
    assert "2 missing" in outcome["reason"]
    assert "'a-vaultjob/held'" in outcome["reason"]
    assert reported(aws, outcome) == outcome["examples"]
    assert metrics()["ReconciliationsTimedOut"] == 1


def test_what_arrived_during_the_last_wait_counts(aws: FakeAws) -> None:
    """Pitfall 16: the last wait is followed by a last look."""
    store(aws, lines=["x"], announced=[], objects=[])
    checked = check()
    aws.s3.put("a-vaultjob/x")
    put_row(aws, "a-vaultjob/x")
    notify(checked)
    ((_, outcome),) = published(aws)
    assert outcome["status"] == "Successful"
    assert (outcome["files"], outcome["found"], outcome["missing"]) == (1, 1, 0)


def test_a_truncated_file_is_reported_with_both_sizes(aws: FakeAws) -> None:
    """Pitfall 15."""
    aws.s3.put("a-vaultjob/a.manifest", rich([(5, "a-vaultjob/x")]))
    aws.s3.put("a-vaultjob/x", b"1234")
    put_row(aws, "a-vaultjob/x", size_bytes=4)
    notify(check())
    ((_, outcome),) = published(aws)
    assert (outcome["status"], outcome["size-mismatch"]) == ("Timed out", 1)
    assert outcome["examples"] == [
        {"type": "size-mismatch", "key": "a-vaultjob/x", "listedSize": 5, "objectSize": 4}
    ]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(LAMBDA_CAUSE, "ManifestError: Line 3"), (OTHER_CAUSE, "States.Timeout: no JSON")],
    ids=["of a Lambda", "of another"],
)
@pytest.mark.parametrize("checked", [False, True], ids=["before a check", "after a check"])
def test_an_error_that_a_catch_receives_ends_in_failed(
    aws: FakeAws,
    metrics: Callable[[], Counter[str]],
    failure: Mapping[str, Any],
    reason: str,
    checked: bool,
) -> None:
    """Pitfall 20."""
    payload = incomplete(aws) if checked else None
    notify(payload, failure=failure)
    ((detail_type, outcome),) = published(aws)
    assert detail_type == "File Upload Reconciliation Failed"
    assert outcome.keys() >= CONTRACT_FIELDS
    assert (outcome["status"], outcome["reason"]) == ("Failed", reason)
    assert outcome["files"] == (3 if checked else None)
    assert {outcome[name] for name in COUNTED} == {None}
    assert outcome["examples"] == (
        [{"type": "missing", "key": "a-vaultjob/held", "inS3": False}] if checked else None
    )
    assert outcome["manifest-version-id"] == ("version-1" if checked else str(EVENT_TIME))
    assert metrics()["ReconciliationsFailed"] == 1


def test_an_error_after_the_pin_keeps_the_pinned_version(aws: FakeAws) -> None:
    """Pitfall 18: so it is the outcome of that manifest upload."""
    incomplete(aws)
    notify(failure=LAMBDA_CAUSE)
    ((_, outcome),) = published(aws)
    assert outcome["manifest-version-id"] == "version-1"


def test_an_execution_stopped_by_hand_ends_in_failed(aws: FakeAws) -> None:
    """Pitfall 20: no Catch receives it, but there is a status change event."""
    event = aws_event("execution_status_change")
    handler(event, FakeContext().typed)
    handler(event, FakeContext().typed)
    ((detail_type, outcome),) = published(aws)
    assert detail_type == "File Upload Reconciliation Failed"
    assert outcome.keys() >= CONTRACT_FIELDS
    assert outcome["status"] == "Failed"
    assert outcome["reason"] == "The execution ended as ABORTED"
    assert outcome["iterations"] is None


def status_change_of(execution: str) -> Payload:
    """Return the event of an execution that ended after its outcome."""
    event = aws_event("execution_status_change")
    event["detail"]["executionArn"] = execution
    return event


def test_an_execution_that_ends_after_its_outcome_says_nothing_more(aws: FakeAws) -> None:
    """Pitfall 18 and 20: the announced outcome stays."""
    notify(incomplete(aws))
    answer = handler(status_change_of(EXECUTION), FakeContext().typed)
    assert answer["announced"] is False
    assert [outcome["status"] for _, outcome in published(aws)] == ["Timed out"]


def test_a_refused_event_is_no_announcement(aws: FakeAws) -> None:
    """Pitfall 5: PutEvents returns 200; Step Functions calls again, and the same event is published."""
    checked = incomplete(aws)
    aws.events.refuses = lambda _: True
    with pytest.raises(PublishError):
        notify(checked)
    aws.events.refuses = lambda _: False
    aws.clock.now += 30
    notify(checked)
    notify(checked)
    assert len(published(aws)) == 1
    assert aws.events.calls[0][0] == aws.events.accepted[0]


def test_a_crash_after_the_announcement_repeats_the_identical_event(aws: FakeAws) -> None:
    """Pitfall 18: it has the same id, although more files have arrived."""
    checked = incomplete(aws)

    def fails(operation: str, _: Mapping[str, Any]) -> Exception | None:
        return client_error("InternalServerError", 500) if operation == "UpdateItem" else None

    aws.dynamodb.fails = fails
    with pytest.raises(ClientError):
        notify(checked)
    aws.dynamodb.fails = lambda *_: None
    aws.clock.now += 3600
    for name in ("held", "late"):
        put_row(aws, f"a-vaultjob/{name}")
        aws.s3.put(f"a-vaultjob/{name}")
    notify(checked)
    first, second = aws.events.accepted
    assert first == second


def test_two_executions_for_one_manifest_upload_report_one_outcome(aws: FakeAws) -> None:
    """Pitfall 18: the later one finds it published."""
    one = incomplete(aws)
    two = check(execution=OTHER_EXECUTION)
    first, second = notify(one), notify(two, execution=OTHER_EXECUTION)
    assert first["outcomeId"] == second["outcomeId"]
    assert (first["announced"], second["announced"]) == (True, False)
    assert len(published(aws)) == 1


def test_two_executions_at_once_report_one_outcome(aws: FakeAws) -> None:
    """Pitfall 18: while one is publishing it, the other waits, then publishes the stored decision."""
    one = incomplete(aws)
    two = check(execution=OTHER_EXECUTION)
    aws.events.refuses = lambda _: True
    with pytest.raises(PublishError):
        notify(one)
    aws.events.refuses = lambda _: False
    with pytest.raises(OutcomeInFlightError):
        notify(two, execution=OTHER_EXECUTION)
    aws.clock.now += CLAIM_SECONDS
    notify(two, execution=OTHER_EXECUTION)
    ((_, outcome),) = published(aws)
    assert outcome["execution"] == EXECUTION


def test_the_report_equals_its_outcome(aws: FakeAws) -> None:
    """Pitfall 14: summary and list are those of the decision, also after a repeated call."""
    checked = incomplete(aws)
    aws.events.refuses = lambda _: True
    with pytest.raises(PublishError):
        notify(checked)
    aws.events.refuses = lambda _: False
    aws.clock.now += CLAIM_SECONDS
    for name in ("held", "late"):
        put_row(aws, f"a-vaultjob/{name}")
    notify(checked)
    ((_, outcome),) = published(aws)
    assert outcome.pop("notice")
    assert summary(aws, outcome) | outcome == summary(aws, outcome)
    assert reported(aws, outcome) == outcome["examples"]


def test_an_execution_that_ends_after_its_outcome_leaves_the_report(aws: FakeAws) -> None:
    """Pitfall 14: the list of missing keys must remain after the machine's own end."""
    notify(incomplete(aws))
    ((_, outcome),) = published(aws)
    handler(status_change_of(EXECUTION), FakeContext().typed)
    assert reported(aws, outcome) == outcome["examples"]
    assert summary(aws, outcome)["status"] == "Timed out"


def test_a_report_of_many_differences_has_parts(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pitfall 14: a million keys do not fit into an event; the report has parts."""
    monkeypatch.setattr("handlers.aws.report.PART_LINES", 100)
    store(aws, lines=[f"{n:04}" for n in range(350)])
    notify(check())
    ((_, outcome),) = published(aws)
    assert (outcome["missing"], len(outcome["examples"])) == (350, 100)
    assert len(summary(aws, outcome)["differences"]) == 4
    assert [line["key"] for line in reported(aws, outcome)] == [
        f"a-vaultjob/{n:04}" for n in range(350)
    ]


def test_long_keys_and_many_of_them_still_fit_an_event(aws: FakeAws) -> None:
    """Pitfall 14: PutEvents accepts 256 KB in total."""
    store(aws, lines=[f"{n:03}" + 1000 * "\x01" for n in range(300)])
    notify(check())
    ((_, outcome),) = published(aws)
    assert outcome["missing"] == 300
    assert 0 < len(outcome["examples"]) < 100
