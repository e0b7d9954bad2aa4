"""The input from the machine's tasks, and EventBridge's event on an ended execution."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.errors import MalformedEventError
from handlers.core.execution import MAX_REASON, Execution
from tests.unit.samples import (
    EVENT_TIME,
    EXECUTION,
    aws_event,
    manifest_event,
    manifest_upload,
    task_event,
)


def failed_with(error: object, cause: object) -> str:
    """Return an execution's failure for the error that a Catch received."""
    failure = {"Error": error, "Cause": cause}
    return str(Execution.from_event(task_event(failure=failure)).failure)


def status_change(**changes: Any) -> dict[str, Any]:
    """Return AWS's documented event with another detail."""
    event = aws_event("execution_status_change")
    event["detail"] |= changes
    return event


def test_a_task_reports_execution_manifest_and_iterations() -> None:
    execution = Execution.from_event(task_event(ticker=7))
    assert execution.arn == EXECUTION
    assert execution.started == EVENT_TIME + 4
    assert execution.manifest == manifest_upload()
    assert execution.iterations == 7
    assert execution.checked is None
    assert execution.failure is None


def test_the_status_change_that_aws_documents_is_read() -> None:
    """Pitfall 20: there is no other event on an execution that an operator stopped."""
    event = aws_event("execution_status_change")
    execution = Execution.from_event(event)
    assert execution.arn == event["detail"]["executionArn"]
    assert execution.started == 1_604_579_700
    assert execution.manifest == manifest_upload()
    assert execution.iterations is None
    assert execution.failure == "The execution ended as ABORTED"


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_error_and_cause_of_a_status_change_are_reported(status: str) -> None:
    """Pitfall 20: no Catch covers the payload limit, but it has a cause."""
    execution = Execution.from_event(
        status_change(status=status, error="States.DataLimitExceeded", cause=9_999 * "x")
    )
    assert execution.failure is not None
    assert execution.failure.startswith(
        f"The execution ended as {status}: States.DataLimitExceeded: xxx"
    )
    assert len(execution.failure) <= MAX_REASON


def test_the_cause_of_notifys_failure_is_the_reason() -> None:
    """The Fail state passes on its Catch's error, which is that of a Lambda function."""
    raised = {"errorType": "PublishError", "errorMessage": "EventBridge refused the outcome"}
    cause = json.dumps({"Error": "PublishError", "Cause": json.dumps(raised)})
    event = status_change(status="FAILED", error="OutcomeNotAnnounced", cause=cause)
    assert Execution.from_event(event).failure == (
        "The execution ended as FAILED: OutcomeNotAnnounced: PublishError: EventBridge refused"
        " the outcome"
    )


@pytest.mark.parametrize("cause", ["stopped \ud83d", '{"Error": "\\udc00", "Cause": "x"}'])
def test_a_lone_surrogate_in_a_status_change_can_be_written(cause: str) -> None:
    """StopExecution accepts any text; a text without a UTF-8 form would prevent the outcome."""
    failure = Execution.from_event(status_change(cause=cause)).failure
    assert failure is not None
    assert failure.encode()


@pytest.mark.parametrize(
    "given_input",
    [None, "", "{", "null", "[]", "7", '"text"', "{}", '{"detail": []}'],
    ids=repr,
)
def test_a_status_change_without_a_usable_input_is_refused(given_input: object) -> None:
    """Pitfall 20: AWS omits an input above 256 KB; then the call fails and is kept."""
    with pytest.raises(MalformedEventError):
        Execution.from_event(status_change(input=given_input))


def test_a_status_change_keeps_the_operators_attempt() -> None:
    given_input = json.dumps(manifest_event(manifest_upload(attempt=2)))
    execution = Execution.from_event(status_change(input=given_input))
    assert execution.manifest.attempt == 2


def test_a_cause_that_a_lambda_wrote_is_reported_by_type_and_message() -> None:
    """Pitfall 20: Lambda's Cause is JSON."""
    cause = {"errorType": "ManifestError", "errorMessage": "Line 3", "stackTrace": ["..."]}
    assert failed_with("ManifestError", json.dumps(cause)) == "ManifestError: Line 3"


@pytest.mark.parametrize(
    "cause",
    [
        "plain words",
        "",
        "{",
        "null",
        "7",
        "[]",
        "{}",
        '"text"',
        '{"errorMessage": "no type"}',
        '{"errorType": "no message"}',
        30_000 * "[",
    ],
    ids=lambda cause: cause[:30],
)
def test_any_other_cause_is_reported_unchanged(cause: str) -> None:
    """Pitfall 20: a failure that cannot be parsed is still a failure."""
    assert failed_with("States.Timeout", cause) == f"States.Timeout: {cause}"[:MAX_REASON]


@given(error=st.text(), cause=st.text() | st.dictionaries(st.text(), st.text()).map(json.dumps))
def test_a_failure_always_has_a_short_reason(error: str, cause: str) -> None:
    assert 0 < len(failed_with(error, cause)) <= MAX_REASON


def test_a_reason_can_be_written_and_published() -> None:
    """Pitfall 20: half a surrogate pair, at the end of a cut message, has no UTF-8 form."""
    cause = '{"errorType": "ValueError", "errorMessage": "cut \\ud83d"}'
    assert failed_with("ValueError", cause).encode()


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"state": {}},
        {"state": None, "execution": EXECUTION},
        task_event() | {"execution": ""},
        task_event() | {"started": "yesterday"},
        task_event() | {"state": {"detail": {}}},
    ],
)
def test_a_malformed_task_event_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(MalformedEventError):
        Execution.from_event(event)
