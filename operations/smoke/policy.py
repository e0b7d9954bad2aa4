"""The IAM permissions of the smoke test in one environment: it writes data, and removes them again."""

from __future__ import annotations

from typing import Any

from operations.vault import Vault, parameter_name

OWN_SETS = "smoke-*"
DELETE = ("s3:DeleteObject", "s3:DeleteObjectVersion")
"""Both are needed, also for versions: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""
REPORT_PREFIXES = ("reports", "content", "receipts")
"""The prefixes of keys in the reports bucket, before the set id."""


def own_reports(start: str = "") -> list[str]:
    """Return patterns of the keys of the test's own reports, each after *start*."""
    return [f"{start}{prefix}/{OWN_SETS}" for prefix in REPORT_PREFIXES]


def smoke_policy(vault: Vault) -> dict[str, Any]:
    """Return the policy: objects, reports and rows of the test's own sets.

    An outcome's key is a hash, so the policy cannot be narrowed to the outcomes of some sets.
    """
    partition = vault.partition
    where = f"{vault.region}:{vault.account_id}"

    def arn(service: str, resource: str) -> str:
        return f"arn:{partition}:{service}:{where}:{resource}"

    machine = vault.state_machine_arn.rpartition(":")[2]
    bucket = f"arn:{partition}:s3:::{vault.file_upload_bucket_name}"
    reports = f"arn:{partition}:s3:::{vault.reports_bucket_name}"
    uploads = arn("dynamodb", f"table/{vault.upload_event_table_name}")
    # A version without the register of sets has no such table.
    register = [arn("dynamodb", f"table/{name}") for name in [vault.set_table_name] if name]
    parameter = arn("ssm", f"parameter{parameter_name(vault.environment_name)}")
    remove = ["dynamodb:DeleteItem"]
    rows = allow("ReadAndRemoveOwnRows", ["dynamodb:Query", *remove], [uploads, *register])
    listed = allow("ListOwnVersions", ["s3:ListBucketVersions"], [bucket, reports])
    executions = arn("states", f"execution:{machine}:*")
    own_executions = of_rows(allow("RemoveOwnExecutions", remove, register), executions)
    outcomes = arn("dynamodb", f"table/{vault.outcome_table_name}")
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("FindTheVault", ["ssm:GetParameter"], [parameter]),
            allow(
                "WriteAndRemoveOwnObjects",
                ["s3:PutObject", "s3:GetObject", *DELETE],
                [f"{bucket}/{OWN_SETS}"],
            ),
            allow("RemoveOwnReports", [*DELETE], own_reports(f"{reports}/")),
            {**listed, "Condition": {"StringLike": {"s3:prefix": [OWN_SETS, *own_reports()]}}},
            allow(
                "AnnounceObjects",
                ["sqs:SendMessage"],
                [arn("sqs", vault.upload_queue_url.rpartition("/")[2])],
            ),
            of_rows(rows, OWN_SETS),
            *([own_executions] if register else []),
            allow("ReadAndRemoveOutcomes", ["dynamodb:GetItem", *remove], [outcomes]),
            allow(
                "StartAndFindExecutions",
                ["states:StartExecution", "states:ListExecutions"],
                [vault.state_machine_arn],
            ),
            allow(
                "FollowAndStopExecutions",
                ["states:DescribeExecution", "states:StopExecution"],
                [executions],
            ),
            allow("ReadUploadRule", ["events:DescribeRule"], [vault.upload_rule_arn]),
            # No resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
            allow("AskEventBridge", ["events:TestEventPattern"], ["*"]),
        ],
    }


def allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    """Return a statement."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def of_rows(statement: dict[str, Any], keys: str) -> dict[str, Any]:
    """Return *statement* for the rows whose partition key matches *keys*."""
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}}
    return {**statement, "Condition": condition}
