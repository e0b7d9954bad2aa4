"""``sgvault report``: an outcome's report as text, JSON lines, marks or an HTML page."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from operations.arguments import Attempt, Prefix, SetId
from operations.command import Invocation
from operations.errors import OperatorError
from operations.moments import duration, utc
from operations.report_files import REMARKS, ReportFiles, last_outcome
from operations.safe_text import argument, given, shown
from operations.watch import of_outcome

FIRST = 100
MARKS = {
    "missing": "+",
    "absent": "+",
    "size-mismatch": "*",
    "checksum-mismatch": "*",
    "unexpected": "-",
}
"""The marks of ``rclone check --combined``; the manifest is the source, S3 the destination.

https://rclone.org/commands/rclone_check/
"""


def report(
    invocation: Invocation,
    set_id: SetId,
    prefix: Prefix = "",
    attempt: Attempt = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Every difference, one JSON object a line.")
    ] = False,
    combined: Annotated[
        bool,
        typer.Option("--combined", help="Every difference with the mark of 'rclone check'."),
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as one page.")
    ] = None,
) -> None:
    """Print the report of a set's outcome.

    The marks of --combined: + only in the manifest, - only in S3, * in both and different. Exit
    status: 0 printed, 1 there is no outcome or its report has expired.
    """
    if jsonl + combined + (html is not None) + invocation.output.as_json > 1:
        raise OperatorError("Choose one of --json, --jsonl, --combined and --html.")
    set_id = given(set_id)
    decided = last_outcome(invocation.vault, set_id, share_prefix=prefix, attempt=attempt)
    files = ReportFiles(decided["report"])
    summary = files.summary()
    differences = files.differences(summary)
    if invocation.output.as_json:
        invocation.output.json({**decided, "lines": list(differences)})
    elif jsonl:
        for each in differences:
            invocation.output.json_line(each)
    elif combined:
        for line in marked(differences):
            print(line)
    elif html is not None:
        _write_page(invocation, html, decided, differences, prefix)
    else:
        _print(invocation, decided, summary, differences)


def marked(differences: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield each difference as ``rclone check --combined`` does, and no remark."""
    for each in differences:
        if each["type"] not in REMARKS:
            yield f"{MARKS.get(each['type'], '!')} {shown(each['key'])}"


def _print(
    invocation: Invocation,
    decided: dict[str, Any],
    summary: dict[str, Any],
    differences: Iterator[dict[str, Any]],
) -> None:
    output = invocation.output
    output.facts(
        {
            "set": shown(decided["set-id"]),
            "outcome": f"{decided['status']}, attempt {decided['attempt']}",
            "reason": decided["reason"],
            "finished (UTC)": utc(decided["finished"]),
            "took": duration(decided["finished"] - decided["started"]),
            **{
                name: f"{decided[name]:,}"
                for name in ("files", "found", *MARKS, *REMARKS)
                if decided.get(name) is not None
            },
            "report": shown(decided["report"]),
        }
    )
    first = list(islice(differences, FIRST))
    if first:
        output.line()
        output.table(
            ["type", "key", "listed ", "in S3 "],
            [
                (each["type"], shown(each["key"]), _size(each, "listedSize"), _object(each))
                for each in first
            ],
        )
    if summary["lines"] > len(first):
        rest = summary["lines"] - len(first)
        output.line(f"... and {rest:,} more: --jsonl, --combined or --html FILE has all of them.")


def _size(difference: dict[str, Any], name: str) -> str:
    return f"{difference[name]:,}" if name in difference else ""


def _object(difference: dict[str, Any]) -> str:
    if "inS3" in difference:
        return "yes" if difference["inS3"] else "no"
    return _size(difference, "objectSize")


def _write_page(
    invocation: Invocation,
    path: Path,
    decided: dict[str, Any],
    differences: Iterator[dict[str, Any]],
    prefix: str,
) -> None:
    """Write the page to a temporary file, then rename it, so that no half page is ever visible."""
    from operations.html_report import page
    from operations.set_state import read_arrivals

    vault, output = invocation.vault, invocation.output
    set_id, key = decided["set-id"], decided["object-key"]
    if not path.parent.is_dir() or path.is_dir():
        raise OperatorError(
            f"{path} cannot be written: give --html a file in a folder that exists."
        )
    with output.progress("Reading the arrivals") as steps:
        folder = vault.folder(set_id, share_prefix=prefix)
        arrivals = read_arrivals(vault, set_id, folder, key, on_row=steps.advance)
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8") as file, output.progress("Writing the page") as steps:
        commands = [output.command(each) for each in next_commands(decided)]
        file.writelines(
            page(
                decided,
                differences,
                arrivals,
                folder=folder,
                commands=commands,
                now=int(time.time()),
            )
        )
    part.replace(path)
    output.line(f"{path} has the report of {shown(set_id)}: open it in a browser.")
    if decided["status"] != "Successful":
        output.next(f"sgvault show {of_outcome(decided)}")


def next_commands(decided: dict[str, Any]) -> list[str]:
    """Return the commands that the page of an outcome offers."""
    set_ = of_outcome(decided)
    commands = [f"sgvault show {set_}", f"sgvault report {set_} --jsonl"]
    if decided["status"] != "Successful":
        examples = decided.get("examples") or []
        commands += [f"sgvault explain {set_} {argument(each['key'])}" for each in examples[:1]]
        commands.append(f"sgvault reconcile {set_}")
    return commands
