"""Step Functions -> notify -> EventBridge: one outcome for one manifest upload.

The state machine's last task, the rule for executions that ended without an outcome, and the sweep
invoke it. It may run twice, and for two executions at once: consumers receive one outcome.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from handlers.aws import dataset, reconciliation
from handlers.aws.content_outcome import OpenLines, count_content, in_content
from handlers.aws.lambda_environment import NotifyEnvironment
from handlers.aws.outcome_store import OutcomeStore
from handlers.aws.receipt import write_receipt
from handlers.aws.report import Report
from handlers.aws.running_executions import is_running
from handlers.aws.telemetry import count, instrumented, logger
from handlers.aws.time_limit import time_limit
from handlers.core import notices
from handlers.core.errors import PublishError
from handlers.core.events import SOURCE, ManifestUpload
from handlers.core.execution import Execution, short_reason
from handlers.core.outcome import DETAIL_TYPES, Outcome, Status, outcome_id
from handlers.core.tally import Tally, not_read

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

RESERVE_SECONDS = 60
MAX_SHOWN_CHARACTERS = 300
METRICS = {
    Status.SUCCESSFUL: "ReconciliationsSuccessful",
    Status.TIMED_OUT: "ReconciliationsTimedOut",
    Status.FAILED: "ReconciliationsFailed",
}
events: EventBridgeClient = boto3.client("events")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a reconciliation, with its differences."""

    status: Status
    reason: str
    found: Mapping[str, Any] = field(default_factory=dict)


def judge(execution: Execution, report: Report, out_of_time: Callable[[], bool]) -> Verdict:
    """Decide the result of *execution*; if its iterations are used up, compare everything once more.

    Raises:
        LookUnfinishedError: The time ran out; the next call continues.
    """
    checked = execution.checked
    if checked is None:
        return Verdict(Status.FAILED, execution.failure or no_check(execution))
    files, stopped_at = checked.listing.entries, checked.difference
    if execution.failure is not None:
        return Verdict(Status.FAILED, execution.failure, not_read(files, stopped_at))
    look = reconciliation.last_look(execution, checked, report)
    rounds = reconciliation.content_rounds(execution, look.dataset)
    if checked.done:
        agreed = Tally(files=files, remarks=checked.progress.remarks)
        if agreed.remarks.total():
            look.list_remarks(out_of_time)
        reason = "Manifest, uploads and objects agree"
        if rounds and checked.content:
            OpenLines(rounds.open_lines(checked.content), agreed, report).add_rest()
            count_content(agreed, checked.content)
            agreed.content |= write_receipt(execution, checked, report)
            reason += in_content(agreed.content)
        return Verdict(Status.SUCCESSFUL, reason, agreed.detail())
    last = look.result(out_of_time, rounds.open_lines(checked.content) if rounds else ())
    reason = f"Not complete after {execution.iterations} iterations"
    if stopped_at is not None:
        reason += f"; the last check stopped at the {stopped_at.type} key {shown(stopped_at.key)}"
    if last is None:
        reason += "; the last look could not be finished, so nothing is counted"
        return Verdict(Status.TIMED_OUT, reason, not_read(files, stopped_at))
    if last.complete and rounds is None:
        return Verdict(
            Status.SUCCESSFUL, "The last files arrived during the last wait", last.detail()
        )
    if rounds:
        count_content(last, checked.content)
    counted = ", ".join(f"{number:,} {kind}" for kind, number in sorted(last.counts.items()))
    reason += f"; found {counted}" if counted else "; names and sizes agree"
    return Verdict(Status.TIMED_OUT, f"{reason}{in_content(last.content)}", last.detail())


def shown(key: str) -> str:
    """Return *key*, shortened so that it fits into an event and can still be found."""
    return repr(key[-MAX_SHOWN_CHARACTERS:])


def no_check(execution: Execution) -> str:
    """Return the reason if the iterations were used up before a check succeeded."""
    reason = f"No check succeeded in {execution.iterations} iterations"
    last_error = execution.last_error and f"; the last error was {execution.last_error}"
    return f"{reason}{last_error or ''}"


def publish(detail: Mapping[str, Any]) -> None:
    """Put an outcome and its notice on the bus, or raise PublishError."""
    environment = NotifyEnvironment.read()
    answer = events.put_events(
        Entries=[
            {
                "Source": SOURCE,
                "DetailType": DETAIL_TYPES[Status(detail["status"])],
                "Detail": json.dumps(
                    {**detail, "notice": notices.of_outcome(detail)}, ensure_ascii=False
                ),
                "EventBusName": environment.event_bus_name,
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise PublishError(f"EventBridge refused the outcome: {answer['Entries'][0]}")


def conclude(execution: Execution, version_id: str, verdict: Verdict, report: Report) -> Outcome:
    """Return the outcome of *execution*, and close its report."""
    outcome = Outcome(
        manifest=execution.manifest,
        version_id=version_id,
        status=verdict.status,
        reason=short_reason(verdict.reason),
        execution=execution.arn,
        started=execution.started,
        finished=int(time.time()),
        iterations=execution.iterations,
        found=verdict.found,
        report=report.uri,
    )
    listing = execution.checked.listing if execution.checked else None
    listed_bytes = listing.size_bytes if listing and listing.rich else None
    report.close({**outcome.detail(), "listed-bytes": listed_bytes})
    return outcome


def version_of(execution: Execution, outcomes: OutcomeStore) -> str:
    """Return the manifest's version that *execution* pinned, or else another execution of its event did.

    If there is none, pin the version in S3, so that another event of the same manifest has the same
    outcome. Return the event's time if S3 does not have that manifest, or if an outcome is already
    stored with that time as its version.
    """
    event_time = str(execution.manifest.upload.event_time)
    if outcomes.is_decided(outcome_id(execution.manifest, event_time)):
        return event_time
    if execution.checked is not None:
        return execution.checked.listing.manifest_version_id
    others = sorted(reconciliation.upload_executions(execution.manifest).all())
    pinned = (outcomes.pinned(each) for each in (execution.arn, *others))
    if version_id := next(filter(None, pinned), None):
        return version_id
    version_id = announced_version(execution.manifest)
    return outcomes.pin(execution.arn, version_id) if version_id else event_time


def announced_version(manifest: ManifestUpload) -> str | None:
    """Return the version of *manifest* in S3; None if it is gone, replaced or refused."""
    upload = manifest.upload
    try:
        head = dataset.s3.head_object(Bucket=upload.bucket, Key=upload.key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise  # S3 is throttled or unavailable: the next call repeats the request
        return None
    is_replaced = head["LastModified"].timestamp() >= upload.event_time + 1
    return None if is_replaced else head.get("VersionId", "null")


def is_left_to_another(execution: Execution, version_id: str, outcomes: OutcomeStore) -> bool:
    """Return whether another execution for the same manifest upload is running and may succeed."""
    executions = reconciliation.upload_executions
    others = executions(execution.manifest).give_up(execution.arn)
    others |= executions(execution.manifest, version_id).give_up(execution.arn)
    return any(
        outcomes.pinned(other) in (None, version_id)
        and is_running(other, attempt=execution.manifest.attempt)
        for other in sorted(others)
    )


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Decide, publish the first decision, and return its id and status."""
    execution = Execution.from_event(event)
    outcomes = reconciliation.outcome_store()
    call = uuid4().hex
    version_id = version_of(execution, outcomes)
    id_ = outcome_id(execution.manifest, version_id)
    if not outcomes.is_decided(id_):
        report = reconciliation.report_of(execution)
        out_of_time = time_limit(context, reserve_seconds=RESERVE_SECONDS)
        verdict = judge(execution, report, out_of_time)
        if verdict.status is Status.FAILED and is_left_to_another(execution, version_id, outcomes):
            logger.info("Left to another execution that runs", outcome_id=id_)
            return {"outcomeId": id_, "announced": False}
        outcomes.decide(conclude(execution, version_id, verdict, report), call=call)
    detail = outcomes.claim(id_, call=call)
    if detail is None:
        reconciliation.register().concluded(execution, outcomes.decision(id_))
        logger.info("Skipped: published before", outcome_id=id_)
        return {"outcomeId": id_, "announced": False}
    publish(detail)
    outcomes.mark_published(id_)
    reconciliation.register().concluded(execution, detail)
    logger.info("Published", outcome_id=id_, status=detail["status"])
    count(METRICS[Status(detail["status"])])
    return {"outcomeId": id_, "announced": True, "status": detail["status"]}
