"""``python -m tools.audit``: run all policy checks, also if one of them fails."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import environments
from deployment.command_line import exit_status
from deployment.errors import CommandError
from tools.audit.audited import Audited
from tools.audit.checks.registry import CHECKS, Check
from tools.audit.stacks import Stack, planned
from tools.audit.violation import Violation

ROOT = Path(__file__).parents[2]
DEFAULT_ENVIRONMENT = "prod"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.audit",
        description="Check stacks, files and packages against the project's policies.",
        epilog="\n".join(f"{check.name:15} {check.title}" for check in CHECKS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[check.name for check in CHECKS],
        metavar="CHECK",
        help="run only these checks (default: all)",
    )
    parser.add_argument(
        "--environment",
        action="append",
        metavar="ENV",
        help="plan the stacks of this environment; repeatable (default: VAULT_ENV, else "
        f"{DEFAULT_ENVIRONMENT})",
    )
    return parser.parse_args()


def main() -> int:
    """Print the findings of each check, and return 1 if there are any."""
    options = arguments()
    return exit_status(lambda: audit(options), interrupted="Interrupted: not every check has run.")


def audit(options: argparse.Namespace) -> int:
    """Run the chosen checks one after the other, and count the failed ones."""
    names = options.environment or [os.environ.get(environments.VARIABLE) or DEFAULT_ENVIRONMENT]
    chosen = [check for check in CHECKS if check.name in (options.only or [check.name])]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vault-audit-") as scratch:
        audited = Audited(ROOT, Path(scratch), lambda: plan(Path(scratch), names))
        failed = sum(bool(run(check, audited)) for check in chosen)
    took = time.monotonic() - started
    print(f"{len(chosen) - failed} passed, {failed} failed in {took:.0f} s")
    return int(failed > 0)


def run(check: Check, audited: Audited) -> list[Violation]:
    """Run *check*, and print a line for it and each finding; an error of the check is a finding, too."""
    started = time.monotonic()
    try:
        if check.needs_stacks and audited.stacks:
            started = time.monotonic()
        found = sorted(set(check.find(audited)))
    except CommandError as error:
        found = [Violation("the check itself", str(error))]
    except Exception as error:
        traceback.print_exc()
        found = [Violation("the check itself", repr(error))]
    seconds = time.monotonic() - started
    verdict = f"{len(found)} failed" if found else "0 failed"
    print(f"{check.name:15} {check.title:35} {seconds:6.1f} s  {verdict}", flush=True)
    for each in found:
        print(f"    {each}")
    return found


def plan(scratch: Path, environments: Sequence[str]) -> Sequence[Stack]:
    """Plan the stacks, and print how long it takes."""
    started = time.monotonic()
    stacks = planned(scratch / "plans", environments)
    title = f"{len(stacks)} plans ({', '.join(environments)})"
    print(f"{'':15} {title:35} {time.monotonic() - started:6.1f} s", flush=True)
    return stacks


if __name__ == "__main__":
    sys.exit(main())
