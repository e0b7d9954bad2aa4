"""The demo: deploy a system, vault a dataset, and vault one that never becomes complete."""

from __future__ import annotations

import tempfile
from pathlib import Path

from local import source_folder
from local.datasets import generate
from local.deployed_system import DeployedSystem
from local.emulator.endpoint_process import EndpointOptions
from local.kept_reports import keep_report
from local.outcomes import Event
from local.phases import Phases
from local.source_folder import SourceFolder
from local.start_system import running
from local.vault_dataset import show_event, vault

SET_ID = "2026-11-archive"
INCOMPLETE = "-incomplete"
MOST_FILES_OF_DEMO = 1_000
"""The most files that are uploaded before the short count of ``environments/demo.json`` ends."""


def demo(
    *, data: Path | None, set_id: str, phases: Phases, port: int = 0, whole: bool = True
) -> bool:
    """Vault *data* (or a generated dataset), then vault it again with a file held back.

    Unless the system is to be *whole*, only its event processing is deployed. The pages of both
    reports stay. Return whether the first outcome is *Successful* and the second *Timed out* with
    its missing key.
    """
    with tempfile.TemporaryDirectory(prefix="vault-demo-") as generated:
        if data is None:
            data, set_id = Path(generated), set_id or SET_ID
            generate(data)
        dataset = source_folder.read(data, set_id)
        again = source_folder.read(data, dataset.set_id + INCOMPLETE)
        options, environment = EndpointOptions(port=port), environment_for(dataset)
        phases.say(_choice(dataset, environment))
        with running(options, environment=environment, phases=phases, whole=whole) as system:
            phases.console.rule("Everything arrives")
            successful = _succeeds(system, dataset, phases)
            phases.console.rule("One file is held back")
            timed_out = _times_out(system, again, phases)
            pages = [keep_report(system, each.set_id) for each in (dataset, again)]
    phases.console.rule()
    phases.print_seconds()
    phases.say("Everything is stopped. The two reports stay; open them in a browser:")
    for page in pages:
        phases.say(f"  {page}")
    return successful and timed_out


def environment_for(dataset: SourceFolder) -> str:
    """Return the environment with enough iterations for *dataset*."""
    return "demo" if len(dataset.files) <= MOST_FILES_OF_DEMO else "local"


def _choice(dataset: SourceFolder, environment: str) -> str:
    files = f"{len(dataset.files):,} files"
    if environment == "demo":
        return f"{files}: the environment is demo, with a short count (environments/demo.json)."
    return (
        f"{files} are more than {MOST_FILES_OF_DEMO:,}: the environment is local, with a count for"
        " 50,000 files (environments/local.json). The set with a file held back times out when that"
        " count ends, after about ten minutes."
    )


def _succeeds(system: DeployedSystem, dataset: SourceFolder, phases: Phases) -> bool:
    event = vault(system, dataset, phases=phases).event
    phases.say("Its outcome, as every consumer on the vault's bus receives it:")
    show_event(event, phases)
    return _expect(event["detail"]["status"] == "Successful", "Successful", event, phases)


def _times_out(system: DeployedSystem, dataset: SourceFolder, phases: Phases) -> bool:
    dataset = dataset.without(system.ignored_names())
    held_back = dataset.files[len(dataset.files) // 2]
    missing = f"{system.job_folder(dataset.set_id)}/{held_back}"
    system.held_back().add(missing)
    phases.say(
        f"The gateway holds back {held_back}: {dataset.uploads - 1:,} of {dataset.uploads:,} objects"
        " are uploaded."
    )
    event = vault(system, dataset, phases=phases, held_back=1).event
    show_event(event, phases)
    found = ((one["type"], one["key"]) for one in event["detail"]["examples"] or [])
    as_expected = event["detail"]["status"] == "Timed out" and ("missing", missing) in found
    return _expect(as_expected, f"Timed out, with {missing} missing", event, phases)


def _expect(as_expected: bool, expected: str, event: Event, phases: Phases) -> bool:
    phases.say(
        f"As expected: {expected}."
        if as_expected
        else f"Expected {expected}, but it is: {event['detail']['status']}."
    )
    return as_expected
