"""``python -m deployment.review``: plan the stacks of an environment, and print a review of the plans.

``VAULT_ENV`` names the environment.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import environments
from deployment import terraform
from deployment.command_line import exit_status
from deployment.deployment import ROOT, Deployment
from deployment.errors import CommandError
from deployment.review.planning import PLANS, PlanReview, emptied, plan_stacks
from deployment.target import Target

EXIT_STATUS = """\
exit status:
  0    every stack has a plan, and no data would be lost without being allowed
  1    a stack could not be planned, or the command could not begin (settings, credentials, an unknown
       name); the summary or the message has the reason
  2    the command line cannot be parsed
  3    data would be lost: a resource that holds data would be destroyed or replaced
Nothing is ever applied.
"""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m deployment.review",
        description="Plan the stacks of the environment that VAULT_ENV names (default: dev), and "
        "write for each the plan, its JSON and a Markdown summary to build/plans/ENVIRONMENT/, and "
        "one summary of all to standard output.",
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--stack",
        action="append",
        default=[],
        metavar="NAME",
        help="review this stack only; repeatable",
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="allow the loss of this resource and its data; a list with blanks, or repeatable",
    )
    return parser.parse_args()


def addresses(given: list[str]) -> list[str]:
    """Split texts at blanks, but not within an instance's key: ``aws_s3_bucket.a["b c"]``."""
    return [each for text in given for each in re.findall(r"(?:\[[^\]]*\]|[^\s\[])+", text)]


@contextmanager
def phase(doing: str) -> Iterator[None]:
    """Print on standard error that *doing* runs, and how long it takes."""
    print(f"{doing}: ", end="", file=sys.stderr, flush=True)
    started = time.monotonic()
    try:
        yield
    finally:
        print(f"{time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)


def main() -> int:
    """Plan, print the summary, and return the exit status."""
    options = arguments()
    return exit_status(
        lambda: reviewed(options),
        interrupted="Interrupted: the review is not complete. Nothing was applied.",
    )


def reviewed(options: argparse.Namespace) -> int:
    """Review the plans of the environment, and print the summary."""
    name = environments.chosen(os.environ)
    try:
        environments.settings_file(ROOT, name)  # an unknown environment must not get a folder
    except environments.UnknownEnvironmentError as error:
        raise CommandError(f"{error}.") from error
    outcome = review(options, name)
    print(outcome.text)
    return outcome.status


def review(options: argparse.Namespace, environment: str) -> PlanReview:
    """Synthesise the stacks into a folder of their own, and plan them."""
    folder = emptied(
        PLANS / environment
    )  # first, so that a plan of an earlier run is never mistaken for the new one
    variables = terraform.prepare() | {"VAULT_ENV": environment, "TF_IN_AUTOMATION": "1"}
    deployment = Deployment(folder, variables)
    with phase("Synthesising the stacks"):
        deployment.synthesise()
    print(f"This is {Target.of(deployment, environment)}.", file=sys.stderr, flush=True)
    return plan_stacks(
        deployment,
        environment=environment,
        stacks=addresses(options.stack),
        allowed=addresses(options.allow),
        folder=folder,
        phase=phase,
    )


if __name__ == "__main__":
    sys.exit(main())
