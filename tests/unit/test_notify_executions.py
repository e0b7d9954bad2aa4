"""If one manifest event starts two executions, the one that fails leaves the outcome to the other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.core.outcome import outcome_id
from handlers.reconcile_check import handler as check_handler
from handlers.reconcile_notify import handler
from tests.unit.fakes import FakeAws, FakeContext
from tests.unit.refusals import client_error
from tests.unit.samples import (
    EVENT_TIME,
    EXECUTION,
    OTHER_EXECUTION,
    aws_event,
    manifest_event,
    manifest_upload,
    store,
    task_event,
)

Payload = dict[str, Any]
UNUSABLE = {"Error": "ManifestError", "Cause": "It is empty"}


def check(execution: str) -> Payload:
    """Return the result of the first check of *execution*."""
    payload: Payload = check_handler(task_event(execution=execution), FakeContext().typed)
    return payload


def finish(execution: str, checked: Payload | None = None, **rest: Any) -> Payload:
    """Call Notify as the last task of *execution*."""
    event = task_event(ticker=5, count=5, check=checked, execution=execution, **rest)
    answer: Payload = handler(event, FakeContext().typed)
    return answer


def stop(execution: str, *, attempt: int = 1, cause: str | None = None) -> Payload:
    """Call Notify with the status change of *execution*, which an operator stopped."""
    event = aws_event("execution_status_change")
    event["detail"]["executionArn"] = execution
    event["detail"]["input"] = json.dumps(manifest_event(manifest_upload(attempt=attempt)))
    if cause is not None:
        event["detail"]["cause"] = cause
    answer: Payload = handler(event, FakeContext().typed)
    return answer


def statuses(aws: FakeAws) -> list[tuple[str, str]]:
    """Return status and manifest version of every outcome on the bus."""
    details = [json.loads(entry["Detail"]) for entry in aws.events.accepted]
    return [(detail["status"], detail["manifest-version-id"]) for detail in details]


def complete(aws: FakeAws) -> None:
    """Put a dataset without a difference."""
    store(aws, lines=["x"], announced=["x"], objects=["x"])


def test_a_stopped_execution_does_not_prevent_the_outcome_of_another(
    aws: FakeAws,
) -> None:
    """Pitfall 37."""
    complete(aws)
    check(EXECUTION)
    checked = check(OTHER_EXECUTION)
    aws.states.running[OTHER_EXECUTION] = 1
    answer = stop(EXECUTION)
    assert answer["announced"] is False
    assert statuses(aws) == []
    finish(OTHER_EXECUTION, checked)
    assert statuses(aws) == [("Successful", "version-1")]


def test_a_version_that_is_announced_with_two_times_has_one_outcome(aws: FakeAws) -> None:
    """Pitfall 37: a backfill announces it with S3's time, not with the gateway's."""
    complete(aws)
    checked = check(OTHER_EXECUTION)
    again = manifest_upload()
    again = replace(again, upload=replace(again.upload, event_time=EVENT_TIME + 7))
    check_handler(task_event(manifest=again, execution=EXECUTION), FakeContext().typed)
    aws.states.running[OTHER_EXECUTION] = 1
    event = task_event(manifest=again, execution=EXECUTION, failure=UNUSABLE)
    assert handler(event, FakeContext().typed)["announced"] is False
    finish(OTHER_EXECUTION, checked)
    assert statuses(aws) == [("Successful", "version-1")]


@pytest.mark.parametrize("failure", [UNUSABLE, None], ids=["unusable", "no check succeeded"])
def test_a_failure_that_the_machine_caught_also_leaves_the_outcome(
    aws: FakeAws, failure: Payload | None
) -> None:
    """Pitfall 37: the reason of the failure does not matter."""
    complete(aws)
    checked = check(OTHER_EXECUTION)
    aws.states.running |= {EXECUTION: 1, OTHER_EXECUTION: 1}
    assert finish(EXECUTION, failure=failure)["announced"] is False
    finish(OTHER_EXECUTION, checked)
    assert statuses(aws) == [("Successful", "version-1")]


def test_a_set_that_is_not_whole_is_not_left_to_another(aws: FakeAws) -> None:
    """Both use up the same iterations: *Timed out* is no failure."""
    store(aws, lines=["x"])
    checked = check(EXECUTION)
    check(OTHER_EXECUTION)
    aws.states.running |= {EXECUTION: 1, OTHER_EXECUTION: 1}
    finish(EXECUTION, checked)
    assert statuses(aws) == [("Timed out", "version-1")]


def test_of_two_executions_that_fail_the_last_one_decides(aws: FakeAws) -> None:
    """Pitfalls 20 and 37: each finds the other running, and there still is an outcome."""
    complete(aws)
    for execution in (EXECUTION, OTHER_EXECUTION):
        check(execution)
        aws.states.running[execution] = 1
    assert finish(EXECUTION, failure=UNUSABLE)["announced"] is False
    assert finish(OTHER_EXECUTION, failure=UNUSABLE)["announced"] is True
    assert statuses(aws) == [("Failed", "version-1")]


def test_two_executions_that_were_stopped_end_in_one_failed(aws: FakeAws) -> None:
    """Pitfall 20: their status changes arrive in any order, and repeatedly."""
    complete(aws)
    for execution in (EXECUTION, OTHER_EXECUTION):
        check(execution)
        aws.states.ended.add(execution)
    for execution in (OTHER_EXECUTION, EXECUTION, OTHER_EXECUTION):
        stop(execution)
    assert statuses(aws) == [("Failed", "version-1")]


def test_a_failure_before_the_pin_uses_the_version_that_another_pinned(aws: FakeAws) -> None:
    """Pitfall 18: so it is the outcome of the same manifest upload."""
    complete(aws)
    checked = check(OTHER_EXECUTION)
    aws.states.ended.add(OTHER_EXECUTION)
    stop(EXECUTION)
    finish(OTHER_EXECUTION, checked)
    assert statuses(aws) == [("Failed", "version-1")]


def fail_heads(aws: FakeAws, status: int) -> None:
    """Let S3 answer each HEAD with *status*."""
    error = client_error(str(status), status, "HEAD fails")
    aws.s3.fails = lambda operation, _: error if operation == "HeadObject" else None


@pytest.mark.parametrize("answer", ["gone", "replaced", "refused"])
def test_without_the_manifest_that_was_announced_the_events_time_is_used(
    aws: FakeAws, answer: str
) -> None:
    if answer == "replaced":
        aws.s3.written_at = datetime.fromtimestamp(EVENT_TIME + 1, UTC)
    if answer != "gone":
        complete(aws)
    if answer == "refused":
        fail_heads(aws, 403)
    stop(EXECUTION)
    assert statuses(aws) == [("Failed", str(EVENT_TIME))]


def test_while_s3_is_unavailable_nothing_is_decided(aws: FakeAws) -> None:
    complete(aws)
    fail_heads(aws, 503)
    with pytest.raises(ClientError):
        stop(EXECUTION)
    assert statuses(aws) == []


@pytest.mark.parametrize("later", [0, 7], ids=["same event", "announced again"])
def test_an_execution_that_begins_after_the_decision_changes_nothing(
    aws: FakeAws, later: int
) -> None:
    """Pitfall 18: EventBridge starts it late, or the manifest is announced again with another time."""
    complete(aws)
    stop(EXECUTION)
    again = manifest_upload()
    again = replace(again, upload=replace(again.upload, event_time=EVENT_TIME + later))
    event = task_event(manifest=again, execution=OTHER_EXECUTION)
    checked = check_handler(event, FakeContext().typed)
    complete(aws)  # a repeat of Notify does not look at S3 again
    stop(EXECUTION)
    handler(
        task_event(manifest=again, execution=OTHER_EXECUTION, ticker=5, count=5, check=checked),
        FakeContext().typed,
    )
    assert statuses(aws) == [("Failed", "version-1")]


def test_another_version_of_the_manifest_is_decided_for_itself(aws: FakeAws) -> None:
    """It was replaced between the pins of the two executions: two manifest uploads."""
    complete(aws)
    check(EXECUTION)
    complete(aws)
    check(OTHER_EXECUTION)
    aws.states.running[OTHER_EXECUTION] = 1
    stop(EXECUTION)
    assert statuses(aws) == [("Failed", "version-1")]


def test_another_attempt_has_its_own_decision(aws: FakeAws) -> None:
    complete(aws)
    check(EXECUTION)
    check(OTHER_EXECUTION)
    aws.states.running[OTHER_EXECUTION] = 2
    stop(EXECUTION)
    assert statuses(aws) == [("Failed", "version-1")]


def test_a_check_adds_its_execution_before_it_pins(aws: FakeAws) -> None:
    """Otherwise a failure in between would find no other execution."""
    complete(aws)
    check(EXECUTION)
    writes = [name for name in aws.dynamodb.operations if name in ("UpdateItem", "PutItem")]
    registered_and_joined = writes.index("UpdateItem")
    assert writes[registered_and_joined:][:3] == ["UpdateItem", "UpdateItem", "PutItem"]


def test_a_cause_with_half_a_surrogate_pair_is_published(aws: FakeAws) -> None:
    """StopExecution accepts any text, which JSON represents as ``\ud83d``."""
    stop(EXECUTION, cause="stopped \ud83d by hand")
    (entry,) = aws.events.accepted
    assert (
        json.loads(entry["Detail"])["reason"] == "The execution ended as ABORTED: stopped ? by hand"
    )


def test_no_reason_is_longer_than_its_limit(aws: FakeAws) -> None:
    """A cause of 32 KB would leave no room for the examples."""
    stop(EXECUTION, cause=32_000 * "\u2028")
    (entry,) = aws.events.accepted
    assert len(json.loads(entry["Detail"])["reason"]) == 1024


def test_the_last_error_is_the_reason_where_no_check_succeeded(aws: FakeAws) -> None:
    """The count ran out, and without a pinned manifest there can be no last look."""
    event = task_event(ticker=5, count=5)
    event["state"]["lastError"] = {"Error": "States.Timeout", "Cause": "late"}
    handler(event, FakeContext().typed)
    (entry,) = aws.events.accepted
    detail = json.loads(entry["Detail"])
    assert detail["status"] == "Failed"
    assert detail["reason"] == (
        "No check succeeded in 5 iterations; the last error was States.Timeout: late"
    )
    assert detail["outcome-id"] == outcome_id(manifest_upload(), str(EVENT_TIME))
