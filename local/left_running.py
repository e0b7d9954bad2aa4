"""The system that ``up`` leaves running and ``down`` ends, remembered in ``.local/system``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from deployment.errors import CommandError
from local.endpoint_process import EndpointOptions
from local.local_system import LocalSystem
from local.report import Report
from local.system import deploy, start_endpoint

FOLDER = Path(__file__).parents[1] / ".local" / "system"
STATE = "system.json"


def up(*, port: int, report: Report, whole: bool = True, folder: Path = FOLDER) -> LocalSystem:
    """Start and deploy a system that goes on when we end, *whole* or its event processing alone.

    Raises:
        CommandError: One is running already, or it could not be started or deployed.
    """
    system = find(folder)
    if system:
        raise CommandError(
            f"A local system runs already at {system.endpoint}: 'make local-down' ends it."
        )
    shutil.rmtree(folder, ignore_errors=True)
    process = start_endpoint(folder, EndpointOptions(port=port, tied=False), report=report)
    try:
        system = deploy(folder, process, report=report, whole=whole)
        written = folder / f"{STATE}.part"
        written.write_text(json.dumps(system.to_json(), indent=2))
        written.replace(folder / STATE)
    except BaseException:
        process.end()
        raise
    return system


def find(folder: Path = FOLDER) -> LocalSystem | None:
    """Find the system left running in *folder*; a state whose process is gone means nothing."""
    try:
        system = LocalSystem.from_json(json.loads((folder / STATE).read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return system if system.process().is_running() else None


def get(folder: Path = FOLDER) -> LocalSystem:
    """Find the system left running in *folder*.

    Raises:
        CommandError: There is none.
    """
    system = find(folder)
    if system is None:
        raise CommandError("No local system is running: 'make local-up' starts one.")
    return system


def down(folder: Path = FOLDER) -> LocalSystem:
    """End the system left running in *folder* and forget it, with all that it held."""
    system = get(folder)
    system.process().end()
    shutil.rmtree(folder, ignore_errors=True)
    return system
