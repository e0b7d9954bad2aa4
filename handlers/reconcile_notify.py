"""Step Functions -> notify -> EventBridge: one outcome for one manifest upload.

Called by the state machine's last task, and by the rule on executions that ended without
their own word. May run twice, and for two executions at once: consumers see one outcome.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.errors import OutOfTimeError, PublishError
from handlers.events import SOURCE
from handlers.execution import Execution
from handlers.look import TimeLimit, look
from handlers.outcome import DETAIL_TYPES, Outcome, Status
from handlers.outcome_store import OutcomeStore
from handlers.telemetry import count, instrumented, logger

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

RESERVE_SECONDS = 60
events: EventBridgeClient = boto3.client("events")

Verdict = tuple[Status, str, Mapping[str, Any]]
"""Status, the reason in a sentence, and what was found."""


def judge(execution: Execution, version_id: str, limit: TimeLimit) -> Verdict:
    """Decide how *execution* ends; where its count ran out, look a last time."""
    found = execution.checked or {}
    if execution.failure is not None:
        return Status.FAILED, execution.failure, found
    if found.get("reconcileDone") is True:
        return Status.SUCCESSFUL, "Every listed file was announced and is in S3", found
    table = os.environ["UPLOAD_EVENT_TABLE"]
    try:
        last = look(
            execution.manifest, version_id, table=table, limit=limit, verify_incomplete=True
        )
    except OutOfTimeError as error:
        return Status.TIMED_OUT, f"{error}; the counts are those of the check before it", found
    if last.complete:
        return Status.SUCCESSFUL, "The last files arrived during the last wait", last.wire()
    counted = ", ".join(f"{number} {kind}" for kind, number in last.counts.items() if number)
    reason = f"Not whole after {execution.iterations} iterations: {counted}"
    return Status.TIMED_OUT, reason, last.wire()


def publish(detail: Mapping[str, Any]) -> None:
    """Put an outcome on the bus, or raise PublishError."""
    answer = events.put_events(
        Entries=[
            {
                "Source": SOURCE,
                "DetailType": DETAIL_TYPES[Status(detail["status"])],
                "Detail": json.dumps(detail, ensure_ascii=False),
                "EventBusName": os.environ["EVENT_BUS_NAME"],
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise PublishError(f"EventBridge refused the outcome: {answer['Entries'][0]}")


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Decide, publish what was decided first, and return its id and status."""
    execution = Execution.from_event(event)
    outcomes = OutcomeStore(
        table=os.environ["OUTCOME_TABLE"], expiry_days=int(os.environ["EXPIRY_DAYS"])
    )
    version_id = (
        execution.version_id
        or outcomes.pinned(execution.arn)
        or str(execution.manifest.upload.event_time)
    )
    status, reason, found = judge(
        execution, version_id, TimeLimit(context, reserve_seconds=RESERVE_SECONDS)
    )
    outcome = Outcome(
        manifest=execution.manifest,
        version_id=version_id,
        status=status,
        reason=reason,
        execution=execution.arn,
        started=execution.started,
        finished=int(time.time()),
        iterations=execution.iterations,
        comparison=found,
    )
    detail = outcomes.decide(outcome)
    if detail is None:
        logger.info("Skipped: announced before", outcome_id=outcome.id)
        return {"outcomeId": outcome.id, "announced": False}
    publish(detail)
    outcomes.mark_published(outcome.id)
    logger.info("Announced", outcome_id=outcome.id, status=detail["status"])
    count(f"Reconciliations{detail['status'].title().replace(' ', '')}")
    return {"outcomeId": outcome.id, "announced": True, "status": detail["status"]}
