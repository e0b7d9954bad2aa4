"""The demo: a system deployed, a dataset vaulted, and one that never becomes whole."""

from __future__ import annotations

import tempfile
from pathlib import Path

from local import source_folder
from local.datasets import generate
from local.deployed_system import DeployedSystem
from local.emulator.endpoint_process import EndpointOptions
from local.outcomes import Event
from local.phases import Phases
from local.source_folder import SourceFolder
from local.start_system import running
from local.vault_dataset import show, vault

SET_ID = "2026-11-payroll"
INCOMPLETE = "-incomplete"


def demo(
    *, data: Path | None, set_id: str, phases: Phases, port: int = 0, whole: bool = True
) -> bool:
    """Vault *data* (or a generated dataset) whole, and once more with a file held back.

    Unless the system is to be *whole*, only its event processing is deployed.
    True if the first came out *Successful* and the second *Timed out*, its missing key named.
    """
    with tempfile.TemporaryDirectory(prefix="vault-demo-") as generated:
        if data is None:
            data, set_id = Path(generated), set_id or SET_ID
            generate(data)
        dataset = source_folder.read(data, set_id)
        again = source_folder.read(data, dataset.set_id + INCOMPLETE)
        with running(EndpointOptions(port=port), phases=phases, whole=whole) as system:
            phases.console.rule("Everything arrives")
            successful = _succeeds(system, dataset, phases)
            phases.console.rule("One file is held back")
            timed_out = _times_out(system, again, phases)
    phases.console.rule()
    phases.print_seconds()
    return successful and timed_out


def _succeeds(system: DeployedSystem, dataset: SourceFolder, phases: Phases) -> bool:
    event = vault(system, dataset, phases=phases)
    phases.say("Its outcome, as every consumer of the vault's bus hears it:")
    show(event, phases)
    return _expect(event["detail"]["status"] == "Successful", "Successful", event, phases)


def _times_out(system: DeployedSystem, dataset: SourceFolder, phases: Phases) -> bool:
    held_back = dataset.files[len(dataset.files) // 2]
    event = vault(system, dataset, phases=phases, hold_back=[held_back])
    show(event, phases)
    missing = f"{dataset.job_folder}/{held_back}"
    found = ((one["type"], one["key"]) for one in event["detail"]["examples"] or [])
    came = event["detail"]["status"] == "Timed out" and ("missing", missing) in found
    return _expect(came, f"Timed out, with {missing} missing", event, phases)


def _expect(came: bool, expected: str, event: Event, phases: Phases) -> bool:
    status = event["detail"]["status"]
    phases.say(
        f"As expected: {expected}." if came else f"Expected {expected}, but it is: {status}."
    )
    return came
