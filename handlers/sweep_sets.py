"""Schedule -> sweep -> EventBridge, Step Functions, Notify: carry out actions that are overdue.

The sweep announces each set whose manifest is overdue, and starts an execution for each manifest
whose execution never started. If an execution has ended without an outcome, the sweep invokes
Notify, which decides and publishes the outcome. Once a day the sweep lists the bucket's folders, to
find sets whose events were all lost. Each step may be repeated: it decides, acts, and then writes
that it has acted.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.aws.lambda_environment import SweepEnvironment
from handlers.aws.open_executions import OpenExecutions
from handlers.aws.register import Register
from handlers.aws.set_folders import SetFolders
from handlers.aws.telemetry import count, instrumented, logger
from handlers.core import notices
from handlers.core.errors import PublishError
from handlers.core.events import MANIFEST_OVERDUE, MANIFEST_UPLOADED, SOURCE, ManifestUpload
from handlers.core.execution import STATUS_CHANGE
from handlers.core.set_register import (
    REST_SECONDS,
    ManifestOverdue,
    OpenExecution,
    SetRow,
    Step,
)

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_stepfunctions import SFNClient

RESERVE_SECONDS = 30
SECONDS_A_DAY = 86_400
FOLDERS_A_CALL = 100
YOUNG_DAYS = 10
"""A folder without known events that is older than this existed before the register."""

events: EventBridgeClient = boto3.client("events")
lambda_: LambdaClient = boto3.client("lambda")
states: SFNClient = boto3.client("stepfunctions")


def announce(row: SetRow, folders: SetFolders, bus_name: str) -> None:
    """Put *Dataset Manifest Overdue* on the bus, or raise PublishError."""
    detail = ManifestOverdue(row=row, near_misses=folders.near_misses(row.folder)).detail()
    answer = events.put_events(
        Entries=[
            {
                "Source": SOURCE,
                "DetailType": MANIFEST_OVERDUE,
                "Detail": json.dumps(
                    {**detail, "notice": notices.of_overdue(detail)}, ensure_ascii=False
                ),
                "EventBusName": bus_name,
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise PublishError(f"EventBridge refused the announcement: {answer['Entries'][0]}")
    logger.warning("Manifest overdue", detail=detail)
    count("ManifestsOverdue")


def start(row: SetRow, manifest: ManifestUpload, register: Register, machine_arn: str) -> None:
    """Start the execution that the manifest's event should have started.

    Its name is the same each time, so a repeat does not start a second one.
    """
    name = row.execution_name()
    event = {"source": SOURCE, "detail-type": MANIFEST_UPLOADED, "detail": manifest.detail()}
    try:
        states.start_execution(
            stateMachineArn=machine_arn, name=name, input=json.dumps(event, ensure_ascii=False)
        )
        logger.warning("Started late", folder=row.folder, execution=name)
        count("ExecutionsStartedLate")
    except states.exceptions.ExecutionAlreadyExists:
        logger.info("It has ended already", folder=row.folder, execution=name)
    machine = machine_arn.replace(":stateMachine:", ":execution:")
    register.started(row, manifest, f"{machine}:{name}")


def decide(row: OpenExecution, executions: OpenExecutions, notify_function: str, now: int) -> None:
    """Invoke Notify for an execution that has ended; Notify publishes each outcome once.

    The payload has the form of the event that the rule for ended executions sends.
    """
    try:
        found = states.describe_execution(executionArn=row.arn)
    except states.exceptions.ExecutionDoesNotExist:
        logger.error(
            "An execution's history expired before its outcome was published: run"
            f" `sgvault reconcile` for the set {row.manifest.set_id!r}",
            execution=row.arn,
        )
        count("OutcomesNotDecided")
        executions.close(row.arn)
        return
    if found["status"] in {"RUNNING", "PENDING_REDRIVE"}:
        executions.postpone(row, now + REST_SECONDS)
        return
    ended = {
        "executionArn": row.arn,
        "status": found["status"],
        "startDate": int(found["startDate"].timestamp() * 1000),
        "input": found.get("input"),
        "error": found.get("error"),
        "cause": found.get("cause"),
    }
    lambda_.invoke(
        FunctionName=notify_function,
        InvocationType="Event",
        Payload=json.dumps({"detail-type": STATUS_CHANGE, "detail": ended}).encode(),
    )
    count("OutcomesDecidedLate")
    invoked = replace(row, decisions=row.decisions + 1)
    executions.postpone(invoked, row.decided_again_at(now))


def sweep(key: str, register: Register, folders: SetFolders, now: int) -> None:
    """Carry out the due action for one set or execution, and write when it is due again."""
    environment = SweepEnvironment.read()
    if not key.endswith("/"):
        if execution := register.executions.row(key):
            decide(execution, register.executions, environment.notify_function, now)
        return
    row = register.row(key)
    if row is None:
        return
    due = row.due(now, manifest_due_seconds=environment.manifest_due_seconds)
    if due.step is Step.ANNOUNCE_OVERDUE:
        announce(row, folders, environment.event_bus_name)
        register.announced(row)
        return
    if due.step is Step.START and row.manifest is not None:
        start(row, row.manifest, register, environment.state_machine_arn)
    register.postpone(row, due.again_at)


def register_unknown(
    register: Register, folders: SetFolders, out_of_time: Callable[[], bool]
) -> bool:
    """Add each folder of the bucket that the register lacks; return whether all were checked.

    A folder without an object younger than YOUNG_DAYS is not due: no event for it can still be waiting.
    """
    ahead = folders.all()
    while some := list(islice(ahead, FOLDERS_A_CALL)):
        for folder in register.unknown(some):
            young = folders.is_young(folder, days=YOUNG_DAYS)
            register.found(folder, set_id=folders.set_id(folder), bucket=folders.bucket, due=young)
            logger.warning("A folder of which no event is known", folder=folder, due=young)
            count("FoldersWithoutEvents")
        if out_of_time():
            return False
    return True


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Carry out each set's due action; the next sweep retries the actions that fail."""
    environment = SweepEnvironment.read()
    register = Register(table=environment.set_table)
    folders = SetFolders(
        bucket=environment.upload_bucket,
        job_dir_suffix=environment.job_dir_suffix,
        manifest_suffix=environment.manifest_suffix,
    )

    def out_of_time() -> bool:
        return context.get_remaining_time_in_millis() < RESERVE_SECONDS * 1000

    now, failed = int(time.time()), 0
    for key in register.due(now):
        if out_of_time():
            break
        try:
            sweep(key, register, folders, now)
        except Exception:  # an error of one row must not stop the sweep of the others
            logger.exception("A set was not swept", key=key)
            failed += 1
    today = now // SECONDS_A_DAY
    if not register.is_done("listing", today) and register_unknown(register, folders, out_of_time):
        register.done("listing", today)
    count("SetsNotSwept", failed)
    open_ = Counter(key.endswith("/") for key in register.due(sys.maxsize))
    count("SetsWaiting", open_[True])
    count("ExecutionsOpen", open_[False])
    count("SweepsFinished")
