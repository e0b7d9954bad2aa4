"""``sgvault show``: one set in full, running or not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handlers.core.difference import Difference
from operations.arguments import Prefix, SetId
from operations.command import Invocation
from operations.counted import counted
from operations.delivery import vault_again
from operations.errors import OperatorError
from operations.executions import Executions, outcome
from operations.moments import ago, duration
from operations.output import Output
from operations.safe_text import argument, given, set_argument, shown
from operations.status import in_flight, is_overtaken

if TYPE_CHECKING:
    from operations.set_state import SetState

FIRST = 20
REMEDY = (
    "No key can be compared: correct the manifest, and vault it again. 'The outcome is Failed' in"
    " docs/operations.md has the remedy of each reason."
)

WITHOUT_SOURCE = (
    "Without a manifest, the set gets no outcome. If nobody has its source, see 'A manifest is"
    " overdue' in docs/operations.md."
)


def show(
    invocation: Invocation,
    set_id: SetId,
    prefix: Prefix = "",
    all_: Annotated[
        bool, typer.Option("--all", help="Print every difference, and each folder's counts.")
    ] = False,
) -> int:
    """Show one set in full: manifest, arrivals, reconciliation, and all present differences.

    Everything is read again, also for a set in flight. Files that arrived are counted by folder:
    'sgvault explain' looks one up. Exit status: 0 shown, 1 the set is unknown, or its manifest
    cannot be used.
    """
    from operations.set_state import read_state

    set_id = given(set_id)
    vault, output = invocation.vault, invocation.output
    with output.progress(f"Reading {shown(set_id)}") as steps:
        state = read_state(vault, set_id, share_prefix=prefix, on_row=steps.advance)
    executions = Executions(vault)
    found = list(executions.of_set(set_id, state.folder))
    if not found and state.manifest_key is None and not state.arrivals.times:
        raise OperatorError(
            f"The set {shown(set_id)} is unknown: S3 has no manifest {shown(state.folder)}..., the"
            " table has no row, and no reconciliation ran. Check the set id and --prefix."
        )
    running = next((each for each in found if each.running), None)
    ended = next((each for each in found if not each.running), None)
    arrivals = {"lastArrival": state.arrivals.last, "listed": state.listed}
    reconciliation = {
        "inFlight": [in_flight(vault, executions, running) | arrivals] if running else [],
        "outcome": outcome(vault, ended) if ended else None,
    }
    if output.as_json:
        output.json(wire(state) | reconciliation)
    else:
        _print_facts(invocation, state, reconciliation)
        _print_parts(invocation, state, all_=all_)
        most = FIRST if not all_ else len(state.differences)
        _print_differences(output, state, most)
        _print_next(invocation, state, reconciliation, prefix)
    if state.manifest_problem is None:
        return 0
    output.remark(REMEDY, style="red")
    return 1


def wire(state: SetState) -> dict[str, Any]:
    """Return the fields for ``--json``."""
    now = time.time()
    left = state.seconds_left(now)
    return {
        "setId": state.set_id,
        "folder": state.folder,
        "manifestKey": state.manifest_key,
        "manifestModified": state.manifest_modified,
        "manifestProblem": state.manifest_problem,
        "listed": state.listed,
        "arrived": state.arrived,
        "firstArrival": state.arrivals.first,
        "lastArrival": state.arrivals.last,
        "arrivalsAMinute": round(state.arrivals.a_minute(now), 2),
        "secondsLeft": None if left is None else round(left),
        "counts": state.counts,
        "ignored": state.ignored,
        "parts": [
            {
                "name": name,
                "arrived": part.arrived,
                "lastArrival": part.last_arrival or None,
                "missing": part.missing,
            }
            for name, part in state.arrivals.parts.items()
        ],
        "differences": [each.report_line() for each in state.differences],
    }


def _print_facts(invocation: Invocation, state: SetState, found: dict[str, Any]) -> None:
    arrivals, now = state.arrivals, time.time()
    facts = {"set": shown(state.set_id)}
    if state.manifest_problem is not None:
        facts["manifest"] = f"cannot be used: {state.manifest_problem}"
    elif state.manifest_key is None or state.manifest_modified is None:
        facts["manifest"] = f"none in {shown(state.folder)}: nothing can be reconciled without it"
    else:
        listed = counted(state.listed or 0, "file")
        facts["manifest"] = f"lists {listed}, in S3 since {ago(state.manifest_modified)}"
    facts["arrived"] = counted(state.arrived, "file")
    if state.listed is not None:
        facts["arrived"] = f"{state.arrived:,} of {counted(state.listed, 'file')}"
    if arrivals.first is not None and arrivals.last is not None:
        facts["first arrival"] = ago(arrivals.first)
        facts["last arrival"] = ago(arrivals.last)
        if found["inFlight"] or not found["outcome"]:
            facts["rate"] = _rate(state, arrivals.last, now)
    for each in found["inFlight"]:
        outcomes = [found["outcome"]] if found["outcome"] else []
        of_earlier = ", of an earlier manifest" if is_overtaken(each, outcomes) else ""
        waits = f", waits for {shown(each['waitsFor'])}" if each["waitsFor"] else ""
        facts["in flight"] = (
            f"attempt {each['attempt']}{of_earlier}, iteration {each['iteration']} of"
            f" {each['iterations']}{waits}, times out in {duration(each['timesOut'] - now)}"
        )
    if decided := found["outcome"]:
        facts["outcome"] = f"{decided['status']} {ago(decided['finished'])}: {decided['reason']}"
    counts = ", ".join(f"{number} {kind}" for kind, number in state.counts.items() if number)
    if state.listed is not None:
        facts["now"] = counts or "manifest, uploads and objects agree"
    invocation.output.facts(facts)


def _rate(state: SetState, last: int, now: float) -> str:
    span = "since the first arrival" if state.arrivals.is_recent(now) else "in the last ten minutes"
    rate = f"{state.arrivals.a_minute(now):.1f} a minute {span}"
    left = state.seconds_left(now)
    if left is None:
        silence = f"nothing for {duration(now - last)}"
        return f"{rate}, and {silence}" if state.arrivals.a_minute(now) else silence
    return f"{rate}, so {duration(left)} left" if left else rate


def _print_parts(invocation: Invocation, state: SetState, *, all_: bool) -> None:
    """Print the folders that lack files, or, if *all_*, every folder."""
    parts = sorted(state.arrivals.parts.items())
    chosen = parts if all_ else [(name, part) for name, part in parts if part.missing]
    if not chosen:
        return
    invocation.output.line()
    invocation.output.table(
        ["part", "arrived ", "missing ", "last arrival (UTC)"],
        [
            (
                shown(name) if name else "(directly in the set)",
                str(part.arrived),
                str(part.missing),
                ago(part.last_arrival) if part.last_arrival else "nothing yet",
            )
            for name, part in (chosen if all_ else chosen[:FIRST])
        ],
    )
    if len(chosen) > FIRST and not all_:
        invocation.output.line(f"... and {len(chosen) - FIRST} more: --all lists them.")


def _known(found: Difference) -> str:
    """Return what is known of a key that differs, in brackets."""
    if found.listed_bytes is not None and found.object_bytes is not None:
        return f" (lists {found.listed_bytes:,} bytes, S3 has {found.object_bytes:,})"
    return {True: " (in S3: its event is missing)", False: " (not in S3)", None: ""}[found.in_s3]


def _print_differences(output: Output, state: SetState, most: int) -> None:
    for kind, number in state.counts.items():
        if not number:
            continue
        output.line()
        output.line(f"{kind} ({number})", style="bold")
        for each in [each for each in state.differences if each.type.value == kind][:most]:
            output.line(f"  {shown(each.key)}{_known(each)}")
        if number > most:
            output.line(f"  ... and {number - most} more: --all lists them.")


def _print_next(
    invocation: Invocation, state: SetState, reconciliation: dict[str, Any], prefix: str
) -> None:
    """Print the command that cures the set, or explains its first difference, if there is one."""
    set_ = set_argument(state.set_id, prefix)
    if state.manifest_key is None:
        invocation.output.remark(WITHOUT_SOURCE)
        command = vault_again(state.set_id, prefix, local=invocation.choice.local)
    elif state.differences:
        command = f"sgvault explain {set_} {argument(state.differences[0].key)}"
    elif verb := _when_keys_agree(state, reconciliation):
        command = f"sgvault {verb} {set_}"
    else:
        return
    invocation.output.line()
    invocation.output.next(command)


def _when_keys_agree(state: SetState, reconciliation: dict[str, Any]) -> str | None:
    """Return the command for a set without a difference: its content was not compared here."""
    decided = reconciliation["outcome"]
    if reconciliation["inFlight"]:
        return "watch"
    if state.manifest_modified is None or decided is None or decided["status"] == "Successful":
        return None
    if decided["started"] < state.manifest_modified:  # the outcome of an earlier manifest
        return None
    return "report" if decided.get("checksum-mismatch") else "reconcile"
