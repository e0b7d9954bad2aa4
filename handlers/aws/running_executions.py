"""Step Functions -> is an execution still running?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

states: SFNClient = boto3.client("stepfunctions")


def is_running(execution: str, *, attempt: int) -> bool:
    """Return whether *execution* is running and makes this *attempt* at its manifest.

    The response is eventually consistent: an execution that has just ended may still be reported as
    running.
    """
    try:
        answer = states.describe_execution(executionArn=execution)
    except states.exceptions.ExecutionDoesNotExist:
        return False
    if answer["status"] != "RUNNING":
        return False
    running: int = json.loads(answer["input"])["detail"].get("attempt", 1)
    return running == attempt
