"""``python -m tools.benchmarks``: compare the reconciliation with a plain one, on a stub of AWS."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from rich.console import Console

from deployment.command_line import exit_status
from tools.benchmarks import tables, targets
from tools.benchmarks.cases import Result, looks, results, scale, verifications
from tools.benchmarks.running_stub import RunningStub, running_stub

SIZES = [1_000, 100_000, 1_000_000]
LOOK = [1_000_000]
CONTENT = [100_000, 1_000_000]
SCALE = [1_000_000, 2_000_000, 4_000_000]
LATEST = Path(__file__).parent / "latest.json"
WIDTH = 150


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.benchmarks",
        description="Measure the reconciliation beside a plain one, on a stub of DynamoDB and S3.",
    )
    parser.add_argument(
        "--files",
        type=int,
        default=os.environ.get("FILES") or None,
        metavar="N",
        help="one size only (default: $FILES, or 1,000, 100,000 and 1,000,000)",
    )
    parser.add_argument(
        "--scale",
        type=int,
        nargs="*",
        metavar="N",
        help="ours alone, with complete sets that grow (default: 1, 2 and 4 million files)",
    )
    parser.add_argument(
        "--look",
        type=int,
        nargs="*",
        metavar="N",
        help="the last look alone, at sets of which one key in a hundred is missing"
        " (default: 1 million files)",
    )
    parser.add_argument(
        "--content",
        type=int,
        nargs="*",
        metavar="N",
        help="the verification of content alone, beside a loop of HEADs"
        " (default: 100,000 and 1 million files)",
    )
    options = parser.parse_args()
    given = (options.scale, options.look, options.content)
    if min([options.files or 1, *(each for sizes in given for each in sizes or [])]) < 1:
        parser.error("a dataset has at least one file")
    return options


def compare(stub: RunningStub, sizes: list[int], progress: Console, out: Console) -> None:
    """Measure all cases, print each result as soon as it exists, and write all to ``latest.json``."""
    found: list[Result] = []
    with progress.status("Starting") as status:
        for files in sizes:
            of_size = []
            for result in results(stub, files, status.update):
                of_size.append(result)
                progress.print(f"{files:,} files, {result.case.name}, {result.form}: measured")
            found += of_size
            out.print(tables.comparison(files, of_size), "")
            LATEST.write_text(json.dumps([one.payload() for one in found], indent=2) + "\n")
    out.print(tables.NOTES + tables.ESTIMATED * any(one.baseline.estimated for one in found))
    for met, sentence in targets.verdicts([one for one in found if one.files == targets.FILES]):
        out.print(sentence, style=None if met else "bold red", highlight=False)


def grow(stub: RunningStub, sizes: list[int], progress: Console, out: Console) -> None:
    """Measure only this project's reconciliation, with sets of *sizes* files."""
    with progress.status("Starting") as status:
        measured = list(scale(stub, sizes, status.update))
    out.print(tables.growth("Complete sets, ours alone", measured))


def look(stub: RunningStub, sizes: list[int], progress: Console, out: Console) -> None:
    """Measure the last look at sets of *sizes* files."""
    with progress.status("Starting") as status:
        measured = list(looks(stub, sizes, status.update))
    out.print(tables.growth("The last look, one key in a hundred missing", measured))


def content(stub: RunningStub, sizes: list[int], progress: Console, out: Console) -> None:
    """Measure the verification of the content of *sizes* files."""
    with progress.status("Starting") as status:
        for result in verifications(stub, sizes, status.update):
            out.print(tables.comparison(result.files, [result]), tables.CONTENT_NOTES)


def main() -> int:
    """Run the measurements of the command line."""
    options = arguments()
    return exit_status(
        lambda: measured(options),
        interrupted="Interrupted: everything that this command started has ended.",
    )


def measured(options: argparse.Namespace) -> int:
    """Run a comparison or a growth measurement, and print how long it takes."""
    progress, out = Console(stderr=True), Console()
    if not out.is_terminal:
        out = Console(width=WIDTH)
    started = time.monotonic()
    with running_stub() as stub:
        if options.content is not None:
            content(stub, options.content or CONTENT, progress, out)
        elif options.look is not None:
            look(stub, options.look or LOOK, progress, out)
        elif options.scale is None:
            compare(stub, [options.files] if options.files else SIZES, progress, out)
            look(stub, [options.files] if options.files else LOOK, progress, out)
            content(stub, [options.files] if options.files else CONTENT, progress, out)
        else:
            grow(stub, options.scale or SCALE, progress, out)
    progress.print(f"{time.monotonic() - started:.0f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
