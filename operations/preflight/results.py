"""``sgvault preflight``: the list of the checks, and their results as a table or as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError
from rich.console import Console
from rich.table import Table

from operations.preflight import environment, people, quotas, services, state
from operations.preflight.check import Account, Check, Result, State, run
from stacks.settings import Settings

CHECKS = (
    Check(name="credentials", ask=environment.credentials),
    Check(name="region", ask=environment.region, only_aws=True),
    Check(name="Terraform", ask=environment.terraform),
    Check(name="AWS provider", ask=environment.provider),
    Check(name="state bucket", ask=state.bucket),
    Check(name="state lock", ask=state.lock),
    Check(name="free names", ask=people.names),
    Check(name="vCPUs", ask=quotas.vcpus, only_aws=True),
    Check(name="VPCs", ask=quotas.vpcs, only_aws=True),
    Check(name="Lambda concurrency", ask=quotas.lambda_concurrency, only_aws=True),
    Check(name="EventBridge rules", ask=quotas.rules, only_aws=True),
    Check(name="log resource policies", ask=quotas.log_policies, only_aws=True),
    Check(name="images", ask=services.images, only_aws=True),
    Check(name="Availability Zone", ask=services.zones, only_aws=True),
    Check(name="VPC endpoints", ask=services.endpoints, only_aws=True),
    Check(name="permissions", ask=people.permissions, only_aws=True),
    Check(name="alarms reach somebody", ask=people.alarms),
    Check(name="e-mail subscriptions", ask=people.subscriptions, only_aws=True),
)
COLOURS = {State.GREEN: "green", State.RED: "red", State.NOT_ANSWERED: "yellow"}


def preflight(settings: Settings, *, take_lock: bool, as_json: bool) -> bool:
    """Ask AWS, print the results, and return whether nothing is red.

    Raises:
        NoRegionError: Neither the settings nor the environment name a region.
    """
    # boto3-stubs only types clients of literal service names.
    session: Any = boto3.session.Session()
    region = session.region_name
    if not region:
        raise NoRegionError

    def client(service: str) -> Any:
        return session.client(service, region_name=region)

    account = Account(
        settings=settings,
        region=region,
        client=client,
        account_id=_account_id(client("sts")),
        is_local="AWS_ENDPOINT_URL" in os.environ,
        take_lock=take_lock,
    )
    results = list(run(CHECKS, account))
    show = show_json if as_json else show_table
    show(results, account)
    return all(each.finding.state is not State.RED for each in results)


def show_json(results: Sequence[Result], account: Account) -> None:
    """Print one JSON object."""
    checks = [
        {
            "check": each.name,
            "state": each.finding.state,
            "seen": each.finding.seen,
            "remedy": each.finding.remedy,
        }
        for each in results
    ]
    where = {
        "environment": account.settings.environment_name,
        "account": account.account_id,
        "region": account.region,
    }
    print(json.dumps({**where, "checks": checks}, indent=2, ensure_ascii=False))


def show_table(results: Sequence[Result], account: Account) -> None:
    """Print a table, and below it the remedy for each result that is not green."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    console.print(
        f"environment {account.settings.environment_name},"
        f" account {account.account_id or 'unknown'}, region {account.region}"
    )
    table = Table("check", "state", "seen", box=None, header_style="bold", pad_edge=False)
    for each in results:
        finding = each.finding
        table.add_row(
            each.name, f"[{COLOURS[finding.state]}]{finding.state}[/]", _plain(finding.seen)
        )
    console.print(table)
    for each in results:
        if each.finding.remedy:
            console.print(f"\n{each.name}: {_plain(each.finding.remedy)}")


def _account_id(sts: Any) -> str | None:
    try:
        return str(sts.get_caller_identity()["Account"])
    except (BotoCoreError, ClientError):
        return None  # the first check has the reason


def _plain(text: str) -> str:
    """Return *text* so that rich takes no bracket for markup."""
    return text.replace("[", r"\[")
