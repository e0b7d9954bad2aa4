"""Results in tables for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.table import Table

from tools.benchmarks.cases import Result
from tools.benchmarks.measurement import Measurement
from tools.benchmarks.synthetic_set import Form

MILLION = 1_000_000
COLUMNS: dict[str, tuple[Callable[[Measurement], float], str]] = {
    "CPU s": (lambda one: one.cpu_seconds, ",.2f"),
    "wall s": (lambda one: one.wall_seconds, ",.2f"),
    "peak MiB": (lambda one: one.peak_mib, ",.0f"),
    "requests": (lambda one: one.requests, ",.0f"),
    "read units": (lambda one: one.read_units, ",.0f"),
    "dollars": (lambda one: one.dollars, ",.6f"),
}
NOTES = """\
Each figure is this project's, followed by its ratio to the baseline's. CPU and wall time are of
the checks, without imports and the creation of clients; the peak includes everything.
Rich sets are verified with LIST, plain sets are not; the baseline lists only once all keys have
been announced. The stub runs on the same machine, so it also affects wall time.
Dollars: requests, and Lambda's seconds (wall time) at 1,769 MB, or more if the peak is higher.
"""
CONTENT_NOTES = """\
The baseline sends one HEAD after the other; ~ marks 20,000 HEADs, scaled. This project's figure
includes the comparison of names and sizes, and the results in S3; its workers run one by one.
"""
ESTIMATED = "~ The baseline's arrival: 4 of the first 19 iterations, measured and scaled, and the last one.\n"


def comparison(files: int, results: Sequence[Result]) -> Table:
    """Return the table of all cases of *files* files."""
    table = Table(title=f"{files:,} files", title_style="bold", header_style="bold", box=None)
    table.add_column("case")
    table.add_column("form")
    for name in COLUMNS:
        table.add_column(name, justify="right")
        table.add_column("ratio", justify="right", style="dim")
    for result in results:
        cells = []
        for value, shown in COLUMNS.values():
            ours, baseline = value(result.ours), value(result.baseline)
            about = "~" if result.baseline.estimated else ""
            cells += [format(ours, shown), f"{about}{ours / baseline:.3f}" if baseline else ""]
        table.add_row(result.case.name, result.form.value, *cells)
    return table


def growth(title: str, measured: Sequence[tuple[int, Form, Measurement]]) -> Table:
    """Return the table of this project's cost by size of the set."""
    table = Table(title=title, header_style="bold", box=None)
    table.add_column("files", justify="right")
    table.add_column("form")
    for name in (*COLUMNS, "calls", "CPU s a million"):
        table.add_column(name, justify="right")
    for files, form, one in sorted(measured, key=lambda row: (row[1], row[0])):
        cells = [format(value(one), shown) for value, shown in COLUMNS.values()]
        a_million = one.cpu_seconds / files * MILLION
        table.add_row(f"{files:,}", form, *cells, f"{one.invocations:,.0f}", f"{a_million:.2f}")
    return table
