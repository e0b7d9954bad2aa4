"""``python -m operations.preflight``: ask AWS whether a deployment will succeed, before it begins."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from rich.console import Console
from rich.table import Table

import environments
from operations.preflight import environment, people, quotas, services, state
from operations.preflight.check import Account, Check, Result, State, run
from operations.preflight.local_system import ENVIRONMENT, use_local_system
from stacks.settings import SettingsError, read_settings

ROOT = Path(__file__).parents[2]
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


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m operations.preflight",
        description="Ask AWS whether a deployment of the environment that VAULT_ENV names will"
        " succeed, before anything is created.",
        epilog="exit status: 0 nothing is red, 1 something is, 2 it was called wrongly",
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument(
        "--no-lock", action="store_true", help="do not write and remove a lock object"
    )
    return parser.parse_args()


def main() -> int:
    """Print the results; 1 if one is red."""
    options = arguments()
    name = environments.chosen(os.environ)
    try:
        settings = read_settings(ROOT, name)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    is_local = "AWS_ENDPOINT_URL" in os.environ
    if name == ENVIRONMENT:
        is_local = use_local_system(ROOT)
        if not is_local:
            print("No local system is running: 'make local-up' starts one.", file=sys.stderr)
            return 1
    # Typed as anything, for boto3-stubs types clients by literal names of services.
    session: Any = boto3.session.Session()
    region = settings.stacks_region or os.environ.get("AWS_REGION") or session.region_name
    if not region:
        print("No region is known: set stacksRegion, or the variable AWS_REGION.", file=sys.stderr)
        return 1
    account = Account(
        settings=settings,
        region=region,
        client=lambda service: session.client(service, region_name=region),
        is_local=is_local,
        take_lock=not options.no_lock,
    )
    results = list(run(CHECKS, account))
    show = show_json if options.format == "json" else show_table
    show(results, account)
    return int(any(each.finding.state is State.RED for each in results))


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
    where = {"environment": account.settings.environment_name, "region": account.region}
    print(json.dumps({**where, "checks": checks}, indent=2, ensure_ascii=False))


def show_table(results: Sequence[Result], account: Account) -> None:
    """Print a table, and below it what to do about each that is not green."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    console.print(f"environment {account.settings.environment_name}, region {account.region}")
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


def _plain(text: str) -> str:
    """Return *text* so that rich takes no bracket for markup."""
    return text.replace("[", r"\[")


if __name__ == "__main__":
    sys.exit(main())
