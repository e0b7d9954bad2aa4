"""``sgvault status``: the sets in flight, and the last outcomes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from handlers.core.naming import SetFolder
from operations import register
from operations.command import Invocation
from operations.executions import RUNNING, Execution, Executions, outcome
from operations.moments import ago, duration
from operations.register import RegisterRow
from operations.safe_text import shown
from operations.vault import Vault

MOST_RUNNING = 200
EARLIER = "earlier manifest: "
Outcomes = Annotated[
    int,
    typer.Option(
        "--outcomes", min=0, metavar="NUMBER", help="The number of last outcomes to show."
    ),
]
Interval = Annotated[
    float,
    typer.Option("--interval", min=1, metavar="SECONDS", help="Seconds between two readings."),
]


def status(
    invocation: Invocation,
    outcomes: Outcomes = 10,
    watch_: Annotated[
        bool, typer.Option("--watch", help="Print it again and again, until Ctrl-C.")
    ] = False,
    interval: Interval = 10.0,
) -> None:
    """Show the sets in flight, then the last outcomes.

    A set is in flight from its first upload to its outcome; then again from its next manifest. Exit
    status: 0.
    """
    executions = Executions(invocation.vault)
    while True:
        found = {
            "inFlight": all_in_flight(invocation.vault, executions),
            "outcomes": last_outcomes(invocation.vault, executions, outcomes),
        }
        if not invocation.output.as_json:
            _print(invocation, found)
        elif watch_:
            invocation.output.json_line(found)
        else:
            invocation.output.json(found)
        if not watch_:
            return
        time.sleep(interval)


def all_in_flight(vault: Vault, executions: Executions) -> list[dict[str, Any]]:
    """Return each set once: by its newest running execution, else by its rows in the register."""
    running = list(executions.newest(RUNNING, limit=MOST_RUNNING))
    newest: dict[str, Execution] = {}
    for each in running:
        newest.setdefault(_folder(each.manifest.upload.key), each)
    registered = register.rows(vault, [*newest, *register.open_folders(vault)])
    for each in running:
        registered.pop(each.arn, None)
    found = []
    for folder, each in newest.items():
        row = registered.pop(folder, None)
        arrivals = {
            "lastArrival": row.last_arrival if row else None,
            "listed": row.listed if row else None,
        }
        found.append(in_flight(vault, executions, each) | arrivals)
    left: dict[str, RegisterRow] = {}
    for row in sorted(registered.values(), key=lambda each: each.is_of_set):
        left.setdefault(_folder(row.manifest_key or row.folder), row)
    waits = [row for key, row in left.items() if row.outcome is None and key not in newest]
    return [*found, *map(waiting, waits)]


def waiting(row: RegisterRow) -> dict[str, Any]:
    """Return a set without a running execution, in the form of :func:`in_flight`."""
    waits_for = "its reconciliation" if row.manifest_key else "its manifest"
    if not row.is_of_set:
        waits_for = "its outcome, though its execution has ended"
    if row.overdue_since is not None:
        waits_for = "its manifest, which is overdue"
    if row.problem:
        waits_for = "the repair of its row in the register"
    return {
        "setId": row.set_id,
        "sharePrefix": _share_prefix(row.manifest_key or row.folder),
        "manifestKey": row.manifest_key,
        "attempt": None,
        "started": row.first_arrival or row.last_arrival,
        "iteration": None,
        "iterations": None,
        "state": waits_for,
        "waitsFor": None,
        "timesOut": None,
        "executionArn": None,
        "lastArrival": row.last_arrival,
        "listed": row.listed,
    }


def _share_prefix(key: str) -> str:
    """Return the share's prefix of a set, by its manifest's key or its folder."""
    return SetFolder.of_manifest(key).share_prefix


def _folder(key: str) -> str:
    """Return the folder of a set, by its manifest's key or its folder."""
    return SetFolder.of_manifest(key).prefix


def in_flight(vault: Vault, executions: Executions, execution: Execution) -> dict[str, Any]:
    """Return a running set in the form of ``--json``."""
    position = executions.position(execution)
    left = position.count - position.iteration if position else vault.reconcile_count_iterations
    return {
        "setId": execution.manifest.set_id,
        "sharePrefix": _share_prefix(execution.manifest.upload.key),
        "manifestKey": execution.manifest.upload.key,
        "attempt": execution.manifest.attempt,
        "started": execution.started,
        "iteration": position.iteration if position else 0,
        "iterations": position.count if position else vault.reconcile_count_iterations,
        "state": position.state if position else None,
        "waitsFor": position.waits_for if position else None,
        "timesOut": int(time.time()) + max(0, left) * vault.reconcile_wait_iterations,
        "executionArn": execution.arn,
    }


def last_outcomes(vault: Vault, executions: Executions, number: int) -> list[dict[str, Any]]:
    """Return the last outcomes, newest first; expired outcomes are left out."""
    found: list[dict[str, Any]] = []
    if number:
        for each in executions.newest(limit=number + MOST_RUNNING):
            decided = outcome(vault, each)
            if decided is not None and decided not in found:
                found.append(decided)
            if len(found) == number:
                break
    return found


def _print(invocation: Invocation, found: dict[str, Any]) -> None:
    output, now = invocation.output, time.time()
    if found["inFlight"]:
        output.line("In flight", style="bold")
        output.table(
            ["set", "age", "last arrival", "iteration ", "waits for", "times out in"],
            [_row(each, now, found["outcomes"]) for each in found["inFlight"]],
        )
    else:
        output.line("No set is in flight.")
    if found["outcomes"]:
        output.line()
        output.line("Last outcomes", style="bold")
        output.table(
            ["set", "attempt ", "outcome", "finished (UTC)", "reason"],
            [
                (
                    shown(f"{_share_prefix(each['object-key'])}{each['set-id']}"),
                    str(each["attempt"]),
                    each["status"],
                    ago(each["finished"]),
                    f"{EARLIER if _is_of_earlier(each, found['outcomes']) else ''}{each['reason']}",
                )
                for each in found["outcomes"]
            ],
        )


def is_overtaken(found: dict[str, Any], outcomes: Sequence[dict[str, Any]]) -> bool:
    """Return whether an execution for the same manifest that began after *found* has an outcome."""
    of_set = (each for each in outcomes if each["object-key"] == found["manifestKey"])
    return any(each["started"] > (found["started"] or 0) for each in of_set)


def _is_of_earlier(decided: dict[str, Any], outcomes: Sequence[dict[str, Any]]) -> bool:
    """Return whether the set's first outcome in *outcomes*, newest first, is of another manifest upload."""
    newest = next(each for each in outcomes if each["object-key"] == decided["object-key"])
    return bool(newest["manifest-version-id"] != decided["manifest-version-id"])


def _row(found: dict[str, Any], now: float, outcomes: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Return a line of the table of sets in flight; *outcomes* may have one of a newer manifest."""
    earlier = EARLIER if is_overtaken(found, outcomes) else ""

    def since(moment: int | None) -> str:
        return duration(now - moment) if moment is not None else "-"

    iterations = f"{found['iteration']} of {found['iterations']}" if found["iterations"] else "-"
    return (
        shown(f"{found['sharePrefix']}{found['setId']}"),
        since(found["started"]),
        f"{since(found['lastArrival'])} ago" if found["lastArrival"] else "-",
        iterations,
        earlier
        + (shown(found["waitsFor"]) if found["waitsFor"] else found["state"] or "its start"),
        duration(found["timesOut"] - now) if found["timesOut"] else "-",
    )
