"""The system that ``up`` leaves running and ``down`` ends, remembered in ``.local/system``."""

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
    """Start and deploy a system that outlives this process, *whole* or its event processing alone.

    Raises:
        CommandError: One is running already, or it could not be started or deployed.
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
    """Find the system left running in *folder*; a state whose process is gone means nothing."""
    try:
        system = DeployedSystem.from_json(json.loads((folder / STATE).read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return system if system.process().is_running() else None


def get(folder: Path = FOLDER) -> DeployedSystem:
    """Find the system left running in *folder*.

    Raises:
        CommandError: There is none.
    """
    system = find(folder)
    if system is None:
        raise CommandError("No local system is running: 'make local-up' starts one.")
    return system


def down(folder: Path = FOLDER) -> DeployedSystem:
    """End the system left running in *folder* and forget it, with all that it held."""
    system = get(folder)
    system.process().end()
    shutil.rmtree(folder, ignore_errors=True)
    return system
