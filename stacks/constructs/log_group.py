"""Log groups with a retention time."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

from stacks.constructs.check_skips import skip_check

A_YEAR_DAYS = 365


def log_group(scope: Construct, id_: str, *, name: str, retention_days: int) -> CloudwatchLogGroup:
    """Define the log group *name* with a retention of *retention_days*."""
    logs = CloudwatchLogGroup(scope, id_, name=name, retention_in_days=retention_days)
    skip_check(
        logs,
        "CKV_AWS_158",
        "CloudWatch Logs encrypts it with its own key; a customer managed key costs a dollar a"
        " month, and stops nobody whom IAM allows",
    )
    if retention_days < A_YEAR_DAYS:
        skip_check(
            logs,
            "CKV_AWS_338",
            "The environment's setting logRetentionDays asks for less than a year",
        )
    return logs
