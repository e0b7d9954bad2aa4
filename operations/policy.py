"""``sgvault policy``: the IAM permissions of a user who only reads, for one environment."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from operations.command import Invocation
from operations.errors import OperatorError
from operations.register import INDEX
from operations.smoke.policy import allow, smoke_policy
from operations.vault import Vault, parameter_name


def policy(
    invocation: Invocation,
    smoke: Annotated[
        bool,
        typer.Option(
            "--smoke",
            help="Print the permissions of 'sgvault smoke', which writes and removes data.",
        ),
    ] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Also what 'sgvault verify' needs: it reads every file."),
    ] = False,
) -> None:
    """Print the IAM policy that the reading commands need: status, show, watch, explain, report.

    Reading dead letters is a statement of its own, because it hides a message for a moment. It
    prints JSON in any case. Exit status: 0.
    """
    if smoke and verify:
        raise OperatorError("Choose one of --smoke and --verify.")
    vault = invocation.vault
    made = smoke_policy(vault) if smoke else reading_policy(vault)
    if verify:
        made["Statement"] += verify_statements(vault)
    print(json.dumps(made, indent=2))


def verify_statements(vault: Vault) -> list[dict[str, Any]]:
    """Return what verifying a receipt needs besides the reading policy."""
    arn = f"arn:{vault.partition}:s3:::"
    listed = allow("FindReceipts", ["s3:ListBucket"], [f"{arn}{vault.reports_bucket_name}"])
    return [
        {**listed, "Condition": {"StringLike": {"s3:prefix": "receipts/*"}}},
        allow(
            "ReadContent",
            ["s3:GetObject", "s3:GetObjectVersion"],
            [f"{arn}{vault.file_upload_bucket_name}/*"],
        ),
    ]


def reading_policy(vault: Vault) -> dict[str, Any]:
    """Return the policy, limited to names of this environment."""
    partition = vault.partition
    where = f"{vault.region}:{vault.account_id}"

    def arn(service: str, resource: str) -> str:
        return f"arn:{partition}:{service}:{where}:{resource}"

    machine = vault.state_machine_arn.rpartition(":")[2]
    queues = [
        vault.upload_dead_letter_queue_url,
        vault.record_dead_letter_queue_url,
        vault.undelivered_queue_url,
    ]
    bucket = f"arn:{partition}:s3:::{vault.file_upload_bucket_name}"
    reports = f"arn:{partition}:s3:::{vault.reports_bucket_name}"
    group = f"log-group:{vault.health_log_group}"
    tables = [vault.upload_event_table_name, vault.outcome_table_name]
    if vault.set_table_name:
        tables += [vault.set_table_name, f"{vault.set_table_name}/index/{INDEX}"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow(
                "FindTheVault",
                ["ssm:GetParameter", "ssm:GetParametersByPath"],
                [
                    arn("ssm", f"parameter{parameter_name(vault.environment_name)}"),
                    arn("ssm", f"parameter{vault.gateway_parameters}"),
                ],
            ),
            allow("ListExecutions", ["states:ListExecutions"], [vault.state_machine_arn]),
            allow(
                "ReadExecutions",
                ["states:DescribeExecution", "states:GetExecutionHistory"],
                [arn("states", f"execution:{machine}:*")],
            ),
            allow(
                "ReadRows",
                ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"],
                [arn("dynamodb", f"table/{each}") for each in tables],
            ),
            allow("ListObjects", ["s3:ListBucket", "s3:ListBucketVersions"], [bucket]),
            allow(
                "ReadManifestsAndReports",
                ["s3:GetObject", "s3:GetObjectVersion"],
                [f"{bucket}/*{vault.manifest_suffix_name}", f"{reports}/*"],
            ),
            allow("ReadGatewayHealth", ["logs:FilterLogEvents"], [arn("logs", f"{group}:*")]),
            allow(
                "PeekAtDeadLetters",
                ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"],
                [arn("sqs", url.rpartition("/")[2]) for url in queues if url],
            ),
        ],
    }
