"""``python -m tools.chaos``: check that faults neither lose nor double anything."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from deployment.command_line import exit_status
from local.phases import Phases
from tools.chaos.driver import Run, run

PLANTS = ("loss", "double", "wrong")
MINUTES = (0.5, 120.0)


def minutes(text: str) -> float:
    """Read a number of minutes, or raise ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    least, most = MINUTES
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of minutes from {least:g} to {most:g}"
        )
    return number


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.chaos",
        description="Disturb the local system, and compare its results with the expected ones.",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="the seed of all random choices (default: %(default)s)"
    )
    parser.add_argument(
        "--minutes", type=minutes, default=1.0, help="how long faults fire (default: %(default)s)"
    )
    parser.add_argument(
        "--plant", choices=PLANTS, default="", help="plant a fault that the run must find"
    )
    return parser.parse_args()


def main() -> int:
    """Do a run, and return its exit status."""
    options = arguments()
    return exit_status(
        lambda: chaos(options),
        interrupted="Interrupted: everything that this command started is stopped.",
        errors=(BotoCoreError, ClientError),
    )


def chaos(options: argparse.Namespace) -> int:
    """Run, and print the faults, the repeated requests, the errors, and a line of figures."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    found = run(
        seed=options.seed,
        seconds=60 * options.minutes,
        plant=options.plant,
        phases=Phases(console),
    )
    print_run(found, console)
    print(json.dumps(found.summary()), flush=True)
    return 0 if found.verdict.is_clean else 1


def print_run(found: Run, console: Console) -> None:
    """Print tables, and a sentence for each error."""
    fired = Table("where", "fault", "fired", box=None, header_style="bold")
    for (where, fault), times in sorted(found.fired.items()):
        fired.add_row(where, fault, f"{times:,}")
    console.print(fired, "", counts("tried again by an SDK", found.retried), "")
    for sentence in found.verdict.sentences:
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def counts(title: str, counted: Counter[str]) -> Table:
    """Return a table of counts."""
    table = Table(title, "times", box=None, header_style="bold")
    for name, times in sorted(counted.items()):
        table.add_row(name, f"{times:,}")
    return table


if __name__ == "__main__":
    sys.exit(main())
