"""``sgvault watch``: wait for the outcome of a set, and show the progress until then."""

from __future__ import annotations

import time
from typing import Any

from handlers.core.naming import SetFolder
from operations import register
from operations.arguments import Prefix, SetId
from operations.command import Invocation
from operations.errors import OperatorError
from operations.executions import Execution, Executions, outcome
from operations.moments import ago
from operations.safe_text import given, set_argument, shown
from operations.status import Interval, in_flight, waiting
from operations.vault import Vault

STATUSES = {"Successful": 0, "Timed out": 3, "Failed": 4}
"""The exit status of ``watch`` for each outcome."""
DECIDED_WITHIN_SECONDS = 2 * 3600
"""How long an outcome may take after an execution ended, or after a newer manifest arrived.

The sweep causes a missing outcome within an hour; this is twice that.
"""
NEWER = (
    "S3 has a newer manifest, since {}, whose reconciliation has not begun; the last outcome, {}, is of"
    " an earlier one. If no reconciliation begins, 'sgvault backfill {}' announces the manifest"
)


def watch(
    invocation: Invocation, set_id: SetId, prefix: Prefix = "", interval: Interval = 5.0
) -> int:
    """Wait for a set's outcome, and show the progress until then.

    Exit status: 0 Successful, 3 Timed out, 4 Failed, 1 an error. Ctrl-C
    ends the command only.
    """
    from operations.set_reading import newer_manifest

    set_id = given(set_id)
    vault, output = invocation.vault, invocation.output
    folder = vault.folder(set_id, share_prefix=prefix)
    executions, last = Executions(vault), ""
    with output.progress(f"Waiting for {shown(set_id)}") as steps:
        while True:
            newest = next(executions.of_set(set_id, folder), None)
            decided = outcome(vault, newest) if newest else None
            if newest is None:
                text = _not_begun(vault, set_id, folder)
            elif decided and (since := newer_manifest(vault, decided)):
                text = NEWER.format(ago(since), decided["status"], of_outcome(decided))
                if since < time.time() - DECIDED_WITHIN_SECONDS:
                    raise OperatorError(text)
            elif decided or _ended_long_ago(newest):
                break
            elif not newest.running:
                text = f"The execution ended as {newest.status}; its outcome follows within an hour"
            else:
                text = _progress(in_flight(vault, executions, newest))
            if text != last:
                output.remark(text)
                last = text
            steps.advance()
            time.sleep(interval)
    if decided is None:
        raise OperatorError(
            f"The execution {newest.arn} ended as {newest.status}, and its outcome is not in the"
            " table (any more): look at the execution in Step Functions."
        )
    print_outcome(invocation, decided)
    return STATUSES[decided["status"]]


def _ended_long_ago(execution: Execution) -> bool:
    """Return whether its outcome is overdue, and so expired or never announced."""
    return execution.stopped is not None and (
        execution.stopped < time.time() - DECIDED_WITHIN_SECONDS
    )


def print_outcome(invocation: Invocation, decided: dict[str, Any]) -> None:
    """Print an outcome, and what to do next."""
    output = invocation.output
    if output.as_json:
        output.json(decided)
        return
    output.line(f"{shown(decided['set-id'])}: {decided['status']}. {decided['reason']}.")
    if decided["status"] != "Successful":
        output.next(f"sgvault report {of_outcome(decided)}")


def of_outcome(decided: dict[str, Any]) -> str:
    """Return the set of an outcome as arguments of a command."""
    share_prefix = SetFolder.of_manifest(decided["object-key"]).share_prefix
    return set_argument(decided["set-id"], share_prefix)


def _not_begun(vault: Vault, set_id: str, folder: str) -> str:
    """Return what a set without a reconciliation waits for."""
    row = register.rows(vault, [folder]).get(folder)
    if row is not None and row.manifest_key is not None:
        return "the manifest was uploaded, and its reconciliation has not begun"
    if row is not None:
        return f"no reconciliation has begun: the set waits for {waiting(row)['state']}"
    if vault.set_table_name is None:
        return "no manifest has started a reconciliation yet"
    return (
        f"nothing of the set {shown(set_id)} is known yet: waiting for its first upload, in"
        f" {shown(folder)}. Check the set id and --prefix; Ctrl-C ends the waiting."
    )


def _progress(found: dict[str, Any]) -> str:
    text = f"iteration {found['iteration']} of {found['iterations']}"
    return f"{text}, waits for {shown(found['waitsFor'])}" if found["waitsFor"] else text
