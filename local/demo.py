"""The demo: a system deployed, a dataset vaulted, and one that never becomes whole."""

from __future__ import annotations

import tempfile
from pathlib import Path

from local import vaulting
from local.datasets import generate
from local.endpoint_process import EndpointOptions
from local.local_system import LocalSystem
from local.outcomes import Event
from local.report import Report
from local.system import running
from local.vault import show, vault
from local.vaulting import Dataset

SET_ID = "2026-11-payroll"
INCOMPLETE = "-incomplete"


def demo(
    *, data: Path | None, set_id: str, report: Report, port: int = 0, whole: bool = True
) -> bool:
    """Vault *data* (or a generated dataset) whole, and once more with a file held back.

    Unless the system is to be *whole*, only its event processing is deployed.
    True if the first came out *Successful* and the second *Timed out*, its missing key named.
    """
    with tempfile.TemporaryDirectory(prefix="vault-demo-") as generated:
        if data is None:
            data, set_id = Path(generated), set_id or SET_ID
            generate(data)
        dataset = vaulting.read(data, set_id)
        again = vaulting.read(data, dataset.set_id + INCOMPLETE)
        with running(EndpointOptions(port=port), report=report, whole=whole) as system:
            report.console.rule("Everything arrives")
            successful = _succeeds(system, dataset, report)
            report.console.rule("One file is held back")
            timed_out = _times_out(system, again, report)
    report.console.rule()
    report.print_seconds()
    return successful and timed_out


def _succeeds(system: LocalSystem, dataset: Dataset, report: Report) -> bool:
    event = vault(system, dataset, report=report)
    report.say("Its outcome, as every consumer of the vault's bus hears it:")
    show(event, report)
    return _expect(event["detail"]["status"] == "Successful", "Successful", event, report)


def _times_out(system: LocalSystem, dataset: Dataset, report: Report) -> bool:
    held_back = dataset.files[len(dataset.files) // 2]
    event = vault(system, dataset, report=report, hold_back=[held_back])
    show(event, report)
    missing = f"{dataset.job_folder}/{held_back}"
    found = ((one["type"], one["key"]) for one in event["detail"]["examples"] or [])
    came = event["detail"]["status"] == "Timed out" and ("missing", missing) in found
    return _expect(came, f"Timed out, with {missing} missing", event, report)


def _expect(came: bool, expected: str, event: Event, report: Report) -> bool:
    status = event["detail"]["status"]
    report.say(
        f"As expected: {expected}." if came else f"Expected {expected}, but it is: {status}."
    )
    return came
