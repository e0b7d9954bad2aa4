"""One dataset's whole way: checked, copied into the share, followed to its outcome."""

from __future__ import annotations

import json
import time
from collections.abc import Collection

from local import vaulting
from local.local_system import LocalSystem
from local.outcomes import Event, OutcomeSubscription
from local.progress import ProgressReader
from local.report import Report
from local.vaulting import Dataset
from local.watch import watch


def vault(
    system: LocalSystem, dataset: Dataset, *, report: Report, hold_back: Collection[str] = ()
) -> Event:
    """Vault *dataset*, all but *hold_back*, and return the event that announces its outcome.

    Raises:
        LocalError: The share has the set already, or no outcome came.
    """
    uploads = dataset.uploads - len(hold_back)
    files = f"{len(dataset.files)} file{'s' if len(dataset.files) != 1 else ''}"
    report.say(f"Vaulting the set {dataset.set_id}: {files} and a manifest.")
    for path in hold_back:
        report.say(f"Held back: {path}")
    with OutcomeSubscription(system, dataset.set_id) as outcomes:
        started = time.monotonic()
        vaulting.copy(dataset, system.share_folder, hold_back=hold_back)
        report.took(f"{dataset.set_id}: copy", time.monotonic() - started)
        reader = ProgressReader(system, dataset.set_id)
        watched = watch(outcomes, reader, uploads=uploads, console=report.console)
    before = 0.0
    for name in ("upload", "record", "reconcile"):
        until = watched.seconds.get(name, before)
        report.took(f"{dataset.set_id}: {name}", max(0.0, until - before))
        before = max(before, until)
    return watched.event


def show(event: Event, report: Report) -> None:
    """Print an outcome event as it came."""
    report.say(json.dumps(event, indent=2, ensure_ascii=False))
