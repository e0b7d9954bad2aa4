"""One dataset's whole way: vaulted by the client's script, followed to its outcome."""

from __future__ import annotations

import json
from collections.abc import Collection

from local.deployed_system import DeployedSystem
from local.outcomes import Event, OutcomeSubscription
from local.phases import Phases
from local.set_progress import ProgressReader
from local.source_folder import SourceFolder
from local.watch import watch

SCRIPT = "vault-data.sh"


def vault(
    system: DeployedSystem,
    dataset: SourceFolder,
    *,
    phases: Phases,
    hold_back: Collection[str] = (),
) -> Event:
    """Vault *dataset* and return the event that announces its outcome.

    The script copies everything; what is to be held back stays in the gateway.

    Raises:
        CommandError: The script refused the set or failed, or no outcome came.
    """
    uploads = dataset.uploads - len(hold_back)
    for path in hold_back:
        system.hold_back(f"{dataset.job_folder}/{path}")
        phases.say(f"The gateway will hold back {path}")
    flags = ("--source", str(dataset.source), "--set", dataset.set_id, "--unmounted")
    with OutcomeSubscription(system, dataset.set_id) as outcomes:
        doing = f"Vaulting the set {dataset.set_id} (scripts/{SCRIPT})"
        with phases.lines(f"{dataset.set_id}: vault", doing) as show:
            system.gateway_client().run(SCRIPT, *flags, on_line=show)
        reader = ProgressReader(system, dataset.set_id)
        watched = watch(outcomes, reader, uploads=uploads, console=phases.console)
    before = 0.0
    for name in ("upload", "record", "reconcile"):
        until = watched.seconds.get(name, before)
        phases.took(f"{dataset.set_id}: {name}", max(0.0, until - before))
        before = max(before, until)
    return watched.event


def show(event: Event, phases: Phases) -> None:
    """Print an outcome event as it came."""
    phases.say(json.dumps(event, indent=2, ensure_ascii=False))
