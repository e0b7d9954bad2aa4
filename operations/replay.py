"""``sgvault replay``: replay EventBridge's archive of upload events to the upload rule.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import boto3
import typer

from operations.arguments import DryRun, Yes
from operations.command import DECLINED, Invocation, agree
from operations.errors import OperatorError
from operations.moments import duration, moment, utc

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import StartReplayRequestTypeDef

ARCHIVE_DELAY_SECONDS = 600
"""AWS recommends to wait ten minutes before a replay, because events reach an archive with a delay."""
POLL_SECONDS = 5
ENDED = ("COMPLETED", "CANCELLED", "FAILED")


def replay(
    invocation: Invocation,
    since: Annotated[
        str, typer.Option("--from", metavar="MOMENT", help="An age (6h) or 2026-11-27T08:00:00Z.")
    ],
    until: Annotated[
        str | None, typer.Option("--to", metavar="MOMENT", help="[ten minutes before now]")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Deliver the archived upload events of an interval to the upload rule again.

    No other rule receives them. Existing rows and outcomes do not change, and no outcome is
    announced again. The interval ends at least ten minutes before now. Ctrl-C only stops the
    waiting: the replay continues. Exit status: 0 replayed, 1 not.
    """
    output, vault = invocation.output, invocation.vault
    if vault.upload_archive_arn is None:
        raise OperatorError(
            "This environment has no archive of upload events: set archiveDays above 0 and deploy"
            " EventProcessingStack. 'sgvault backfill SET' needs none."
        )
    start, end = interval(since, until, now=time.time())
    started = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    request: StartReplayRequestTypeDef = {
        "ReplayName": f"sgvault-{vault.environment_name}-{started}",
        "EventSourceArn": vault.upload_archive_arn,
        "EventStartTime": datetime.fromtimestamp(start, UTC),
        "EventEndTime": datetime.fromtimestamp(end, UTC),
        "Destination": {
            "Arn": default_bus(vault.upload_rule_arn),
            "FilterArns": [vault.upload_rule_arn],
        },
    }
    result: dict[str, Any] = {
        "dryRun": dry_run,
        "replay": request["ReplayName"],
        "from": start,
        "to": end,
        "state": None,
    }
    text = f"Upload events from {utc(start)} to {utc(end)} UTC, {duration(end - start)}"
    if not output.as_json:
        output.line(f"{text}, from {vault.upload_archive_arn} to {vault.upload_rule_arn} only.")
    if not dry_run:
        if not yes and not agree(f"{text}, will be delivered to {vault.upload_rule_arn} again."):
            return DECLINED
        boto3.client("events").start_replay(**request)
        result["state"] = _wait(invocation, request["ReplayName"], start, end)
    if output.as_json:
        output.json(result)
    elif not dry_run:
        output.line(f"Replay {result['replay']}: {result['state']}.")
    return 0 if dry_run or result["state"] == "COMPLETED" else 1


def interval(since: str, until: str | None, *, now: float) -> tuple[int, int]:
    """Return the interval to replay, in Unix seconds.

    Raises:
        OperatorError: It is empty, or a text is not a time.
    """
    latest = int(now) - ARCHIVE_DELAY_SECONDS
    start = moment(since, now=now)
    end = latest if until is None else min(latest, moment(until, now=now))
    if start >= end:
        raise OperatorError(
            f"The interval from {utc(start)} to {utc(end)} UTC is empty: it ends at least ten minutes"
            " before now, because events reach the archive with a delay."
        )
    return start, end


def default_bus(rule_arn: str) -> str:
    """Return the ARN of the default bus of a rule's account and region."""
    return ":".join([*rule_arn.split(":")[:5], "event-bus/default"])


def _wait(invocation: Invocation, name: str, start: int, end: int) -> str:
    """Wait until the replay has ended; return its state."""
    events = boto3.client("events")
    shown = start
    try:
        with invocation.output.progress(f"Replaying as {name}", total=end - start) as steps:
            while True:
                answer = events.describe_replay(ReplayName=name)
                reached = answer.get("EventLastReplayedTime")
                if reached is not None and reached.timestamp() > shown:
                    steps.advance(int(reached.timestamp()) - shown)
                    shown = int(reached.timestamp())
                if answer["State"] in ENDED:
                    if answer["State"] == "FAILED":
                        invocation.output.remark(answer.get("StateReason", "AWS gives no reason."))
                    return answer["State"]
                time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        cancel = invocation.output.command(f"aws events cancel-replay --replay-name {name}")
        invocation.output.remark(f"The replay continues on AWS; to end it: {cancel}")
        raise
