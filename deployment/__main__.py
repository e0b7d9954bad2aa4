"""``python -m deployment``: plan stacks, show a review, and deploy or destroy them after approval."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

import environments
from deployment import terraform
from deployment.command_line import exit_status
from deployment.deployment import ROOT, Deployment
from deployment.errors import CommandError
from deployment.review.__main__ import addresses
from deployment.rollout import Rollout
from deployment.safeguards import Safeguards
from deployment.target import Target

PLANS = ROOT / "build" / "deploy"
EXIT_STATUS = """\
exit status:
  0    the stacks match the configuration, or are destroyed
  1    a stack could not be planned or applied, or the plan was not approved
  2    the command line cannot be parsed
  3    (deploy) data would be lost; ALLOW lists the resources that may lose it
"""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m deployment",
        description=__doc__.partition(": ")[2],
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    deploy = commands.add_parser("deploy", help="plan, review, ask, and apply exactly this plan")
    deploy.add_argument("--allow", action="append", default=[], metavar="ADDRESS")
    destroy = commands.add_parser("destroy", help="plan a destroy, review it, ask, and apply it")
    for command in (deploy, destroy):
        command.add_argument("--stack", action="append", default=[], metavar="NAME")
        command.add_argument("--yes", action="store_true", help="apply without asking")
    return parser.parse_args()


def main() -> int:
    """Run one command, and print one sentence if it fails."""
    options = arguments()
    return exit_status(
        lambda: run(options, environment_name()),
        interrupted="Interrupted: run it again to continue.",
    )


def environment_name() -> str:
    """Return the environment that ``VAULT_ENV`` names.

    Raises:
        CommandError: There is no environment of that name.
    """
    name = environments.chosen(os.environ)
    try:
        environments.settings_file(ROOT, name)
    except environments.UnknownEnvironmentError as error:
        raise CommandError(f"{error}.") from error
    return name


def run(options: argparse.Namespace, environment: str) -> int:
    """Synthesise the stacks into a folder of the environment, and deploy or destroy them."""
    folder = PLANS / environment
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # a plan contains sensitive values in plain text
    variables = terraform.prepare() | {"VAULT_ENV": environment, "TF_IN_AUTOMATION": "1"}
    stacks = Deployment(folder.resolve(), variables)
    show(f"Synthesising the stacks of {environment}")
    stacks.synthesise()
    target = Target.of(stacks, environment)
    show(f"This is {target}.")
    rollout = Rollout(
        stacks=stacks,
        folder=folder.resolve(),
        agree=lambda question: options.yes or agree(question, target),
        show=show,
    )
    names = addresses(options.stack)
    if options.command == "deploy":
        return rollout.deploy(names, allowed=addresses(options.allow))
    return rollout.destroy(
        names, safeguards=Safeguards(environment=environment, client=client(target))
    )


def client(target: Target) -> Any:
    """Return a factory of boto3 clients in the region of *target*."""
    import boto3

    session: Any = boto3.session.Session(region_name=target.region)
    return session.client


def agree(question: str, target: Target) -> bool:
    """Ask *question* and return whether the user typed the environment's name.

    Raises:
        CommandError: Standard input is not a terminal.
    """
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for approval on: set YES=1 to approve.")
    print(f"{question} ({target})\nType {target.environment} to approve: ", end="", flush=True)
    return sys.stdin.readline().strip() == target.environment


def show(text: str) -> None:
    """Print *text* at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
