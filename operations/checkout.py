"""Commands that need the checkout, because they run Terraform or read its settings files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import boto3
import typer

from operations.aws_environment import ROOT, Choice
from operations.command import Invocation, agree
from operations.errors import OperatorError

if TYPE_CHECKING:
    from stacks.settings import Settings


@contextmanager
def checkout(choice: Choice) -> Iterator[Settings]:
    """Yield the settings of the chosen environment.

    Raises:
        OperatorError: There is no checkout, its settings cannot be used or name another region than
            the option, or a step failed.
    """
    try:
        from deployment.errors import CommandError
        from stacks.settings import SettingsError, read_settings
    except ImportError as error:
        raise OperatorError(
            "This command needs a checkout of the project: run .venv/bin/sgvault in one."
        ) from error
    try:
        settings = read_settings(ROOT, choice.environment_name)
        if choice.region and settings.stacks_region not in (None, choice.region):
            raise OperatorError(
                f"--region is {choice.region}, and the setting stacksRegion of"
                f" {choice.environment_name} is {settings.stacks_region}: leave --region out."
            )
        yield settings
    except (CommandError, SettingsError) as error:
        raise OperatorError(str(error)) from error


def bootstrap(
    invocation: Invocation,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask (nor where the variable CI is set).")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Where Terraform works, and its state is kept until S3 has it."
            "  [.local/bootstrap/ENVIRONMENT]",
        ),
    ] = None,
) -> int:
    """Create the bucket that holds Terraform's state, or bring it up to date.

    Needs the checkout. Exit status: 0 done, 1 not agreed to or failed.
    """
    with checkout(invocation.choice) as settings:
        from deployment.deployment import Deployment
        from deployment.terraform import prepare
        from operations.bootstrap import Bootstrap
        from operations.state_bucket import StateBucket

        place = (folder or ROOT / ".local" / "bootstrap" / settings.environment_name).resolve()
        place.mkdir(parents=True, exist_ok=True)
        environ = prepare(place / "terraform.rc")
        environ |= {"VAULT_ENV": invocation.choice.environment_name}
        bucket = StateBucket.of_the_caller(settings.state_bucket_name)
        made = Bootstrap(settings, bucket, Deployment(place, environ), say=report(invocation)).run(
            lambda plan: yes or bool(os.environ.get("CI")) or agree(plan)
        )
    if invocation.output.as_json:
        invocation.output.json({"stateBucketName": bucket.name, "upToDate": made})
    elif made:
        invocation.output.line(
            f"s3://{bucket.name} holds the state of {settings.environment_name}."
        )
    return 0 if made else 1


def report(invocation: Invocation) -> Callable[[str], None]:
    """Return a function that prints a step to stdout, or to stderr if stdout contains JSON."""
    return invocation.output.remark if invocation.output.as_json else invocation.output.line


def state_policy(invocation: Invocation) -> None:
    """Print the IAM policy that gives a deployer access to Terraform's state.

    Needs the checkout, and no account. It prints JSON in any case. Exit status: 0, or 1 if the
    settings cannot be used.
    """
    with checkout(invocation.choice) as settings:
        from operations.state_policy import state_policy as policy

        _, partition = _caller_region()
        print(json.dumps(policy(settings, partition=partition), indent=2))


def preflight(
    invocation: Invocation,
    no_lock: Annotated[
        bool, typer.Option("--no-lock", help="Do not write and remove a lock object.")
    ] = False,
) -> int:
    """Ask AWS whether a deployment will succeed, before the stacks are created.

    Needs the checkout. Exit status: 0 nothing is red, 1 something is.
    """
    with checkout(invocation.choice) as settings:
        from operations.preflight.results import preflight as ask

        passed = ask(settings, take_lock=not no_lock, as_json=invocation.output.as_json)
    return 0 if passed else 1


def deploy_policy(
    invocation: Invocation,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Write each policy to a file here, and print none."),
    ] = None,
) -> None:
    """Print the IAM policies of a deployer of all stacks of the environment.

    They are several, because a managed policy has at most 6,144 characters. 'sgvault state-policy'
    prints the access to Terraform's state. Without stacksAccountId or a region, the policies allow
    any. Needs the checkout, and no account. It prints JSON in any case. Exit status: 0, or 1 if
    the settings cannot be used.
    """
    with checkout(invocation.choice) as settings:
        from operations.deploy_policy import Place, deploy_policies, listed_actions

        region, partition = _caller_region()
        place = Place.of(
            settings,
            partition=partition,
            region=region or "*",
            account_id=settings.stacks_account_id or "*",
        )
        policies = deploy_policies(place, listed_actions())
    if folder is None:
        print(json.dumps(policies, indent=2))
        return
    folder.mkdir(parents=True, exist_ok=True)
    for number, policy in enumerate(policies, start=1):
        name = f"{place.name_prefix}-deploy-{number}"
        path = folder / f"{name}.json"
        path.write_text(f"{json.dumps(policy, indent=2)}\n", encoding="utf-8")
        command = f"aws iam create-policy --policy-name {name} --policy-document file://{path}"
        invocation.output.line(invocation.output.command(command))


def _caller_region() -> tuple[str | None, str]:
    """Return the region of boto3's clients, if there is one, and its partition."""
    session = boto3.session.Session()
    region: str | None = session.region_name
    return region, session.get_partition_for_region(region or "us-east-1")
