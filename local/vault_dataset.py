"""Vault one dataset with the client's script, and follow it to its outcome."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from unicodedata import normalize

from local.deployed_system import DeployedSystem
from local.outcomes import Event, OutcomeSubscription, known_outcome
from local.phases import Phases
from local.set_progress import ProgressReader
from local.source_folder import SourceFolder
from local.watch import watch

SCRIPT = "vault-data.sh"
OPTION = re.compile(r"(?<!\S)--(source|set|new|checksum)(?=[\s.,:;)]|$)")
VARIABLES = {
    "source": "DATA=folder",
    "set": "SET=id",
    "new": "NEW=yes",
    "checksum": "CHECKSUM=sha256",
}


@dataclass(frozen=True, slots=True)
class Vaulted:
    """The outcome of a set; *is_unchanged* if the script had nothing to deliver."""

    event: Event
    is_unchanged: bool = False


def vault(
    system: DeployedSystem,
    dataset: SourceFolder,
    *,
    phases: Phases,
    new: bool = False,
    checksum: str | None = None,
    held_back: int = 0,
) -> Vaulted:
    """Vault *dataset* and return its outcome; if nothing changed, the known outcome at once.

    The gateway holds back *held_back* files. A *new* delivery copies everything again. A
    *checksum*, ``sha256`` or ``crc64nvme``, of each file is listed in the manifest.

    Raises:
        CommandError: The set is impossible, the script refused it or failed, or no outcome was
            announced.
    """
    manifest = _manifest(system, dataset)
    dataset = dataset.without(system.ignored_names())
    phases.say(str(dataset))
    for warning in _held_back_strangers(system, dataset):
        phases.say(warning)
    arguments = ["--source", str(dataset.source), "--set", dataset.set_id, "--unmounted"]
    if new:
        arguments.append("--new")
    if checksum:
        arguments += ["--checksum", checksum]
    before = _state(manifest)
    with OutcomeSubscription(system, dataset.set_id) as outcomes:
        doing = f"Vaulting the set {dataset.set_id} (scripts/{SCRIPT})"
        with phases.lines(f"{dataset.set_id}: vault", doing) as show:
            system.gateway_client().run(
                SCRIPT, *arguments, on_line=lambda line: show(with_variables(line))
            )
        is_unchanged = _state(manifest) == before
        if is_unchanged and (event := known_outcome(system, manifest)):
            return Vaulted(event, is_unchanged=True)
        reader = ProgressReader(system, dataset.set_id, since=manifest.stat().st_ctime)
        if is_unchanged:
            phases.say(_in_flight(dataset.set_id, reader.stands_at()))
        watched = watch(
            outcomes, reader, uploads=dataset.uploads - held_back, console=phases.console
        )
    _add_seconds(dataset.set_id, watched.seconds, phases)
    return Vaulted(watched.event)


def with_variables(line: str) -> str:
    """Add to each option of the script in *line* the variable that ``make vault`` has for it."""
    return OPTION.sub(lambda option: f"{option[0]} (make: {VARIABLES[option[1]]})", line)


def _held_back_strangers(system: DeployedSystem, dataset: SourceFolder) -> Iterator[str]:
    """Yield a warning for each key that is held back in vain, for the set lacks it."""
    folder = f"{system.job_folder(dataset.set_id)}/"
    uploads = {*dataset.files, *dataset.folders, f"{dataset.set_id}{system.manifest_suffix}"}
    for key in system.held_back().keys():  # noqa: SIM118 - a method, not a mapping's
        path = key.removeprefix(folder)
        if path != key and path not in uploads:
            alike = [each for each in uploads if normalize("NFC", each) == normalize("NFC", path)]
            same = f" It has {alike[0]!a}, and this is {path!a}." if alike else ""
            yield (
                f"Warning: the gateway holds back {key}, but {dataset.source} has no {path}.{same} To"
                f" correct it: make release SET={quote(dataset.set_id)} FILE={quote(path)}"
            )


def _in_flight(set_id: str, stands_at: str) -> str:
    stopped = f", and its last check stopped at {stands_at}" if stands_at else ""
    return (
        f"The set {set_id} has no outcome yet{stopped}. 'make release' lists the files held back;"
        " to deliver everything again, add NEW=yes."
    )


def _manifest(system: DeployedSystem, dataset: SourceFolder) -> Path:
    name = f"{dataset.set_id}{system.manifest_suffix}"
    return system.share_folder / system.job_folder(dataset.set_id) / name


def _state(path: Path) -> tuple[int, ...]:
    """Return values that change when a file is written again; an empty tuple if it is missing."""
    try:
        info = path.stat()
    except FileNotFoundError:
        return ()
    return (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


def _add_seconds(set_id: str, seconds: dict[str, float], phases: Phases) -> None:
    before = 0.0
    for name in ("upload", "record", "reconcile"):
        until = seconds.get(name, before)
        phases.took(f"{set_id}: {name}", max(0.0, until - before))
        before = max(before, until)


def show_event(event: Event, phases: Phases) -> None:
    """Print an outcome event as it was published."""
    phases.say(json.dumps(event, indent=2, ensure_ascii=False))
