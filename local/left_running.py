"""The system that ``up`` starts and ``down`` stops; its state is in ``.local/system``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from deployment.errors import CommandError
from local.aws_environment import Endpoint
from local.deployed_system import DeployedSystem
from local.emulator.endpoint_process import EndpointOptions
from local.phases import Phases
from local.start_system import deploy, start_endpoint

FOLDER = Path(__file__).parents[1] / ".local" / "system"
STATE = "system.json"


def up(
    *, port: int, environment: str, phases: Phases, whole: bool = True, folder: Path = FOLDER
) -> DeployedSystem:
    """Start and deploy a system that outlives this process: all stacks, or only event processing.

    Raises:
        CommandError: A system is running already, or it could not be started or deployed.
    """
    system = find(folder)
    if system:
        raise CommandError(
            f"A local system runs already at {system.endpoint}: 'make local-down' ends it."
        )
    shutil.rmtree(folder, ignore_errors=True)
    process = start_endpoint(folder, EndpointOptions(port=port, tied=False), phases=phases)
    try:
        where = Endpoint(url=process.url, region=process.region, environment=environment)
        system = deploy(folder, process, where, phases=phases, whole=whole)
        written = folder / f"{STATE}.part"
        written.write_text(json.dumps(system.to_json(), indent=2))
        written.replace(folder / STATE)
    except BaseException:
        process.end()
        raise
    return system


def find(folder: Path = FOLDER) -> DeployedSystem | None:
    """Return the system running in *folder*, or None; a state whose process has ended is ignored."""
    try:
        system = DeployedSystem.from_json(json.loads((folder / STATE).read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return system if system.process().is_running() else None


def get(folder: Path = FOLDER) -> DeployedSystem:
    """Return the system running in *folder*.

    Raises:
        CommandError: No system is running.
    """
    system = find(folder)
    if system is None:
        raise CommandError("No local system is running: 'make local-up' starts one.")
    return system


def down(folder: Path = FOLDER) -> DeployedSystem:
    """Stop the system running in *folder*, and remove all its data."""
    system = get(folder)
    system.process().end()
    shutil.rmtree(folder, ignore_errors=True)
    return system
