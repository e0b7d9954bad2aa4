"""Run every scenario at full size, and print the results."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tools.simulation.scenarios import SCENARIOS, Result, run


def simulate(
    uploads: Annotated[
        int | None, typer.Option(min=1, help="Uploads in each scenario (100,000 or a million)")
    ] = None,
) -> None:
    """Simulate bursts, outages and bad deployments; fail if an upload is lost or dead."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    results = []
    for scenario in SCENARIOS:
        chosen = replace(scenario, uploads=uploads) if uploads else scenario
        started = time.monotonic()
        results.append(run(chosen))
        console.print(f"{chosen.name}: {time.monotonic() - started:.0f} s to simulate")
    console.print(_table(results))
    if not all(result.is_complete for result in results):
        sys.exit("An upload is missing, or a message is dead or lost")


def _table(results: list[Result]) -> Table:
    table = Table("scenario", "recorded", "dead", "lost", "until the last row", "receives")
    table.add_column("in flight")
    table.add_column("$ per million")
    for result in results:
        table.add_row(
            result.scenario.name,
            f"{result.recorded:,} of {result.scenario.uploads:,}",
            f"{result.dead:,}",
            f"{result.lost:,}",
            str(timedelta(seconds=round(result.seconds))),
            f"{result.receives:,}",
            f"{result.in_flight:,}",
            f"{result.dollars / result.scenario.uploads * 1e6:.2f}",
        )
    return table


if __name__ == "__main__":
    typer.run(simulate)
