"""The pages of the demo's reports, which stay after the system is stopped."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deployment.errors import CommandError
from local.deployed_system import DeployedSystem

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".local" / "reports"


def keep_report(system: DeployedSystem, set_id: str, *, folder: Path = FOLDER) -> Path:
    """Write the page of a set's last outcome into *folder*, as ``sgvault report`` does; return it.

    Raises:
        CommandError: There is no report, or it could not be read; the text has the reason.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{set_id}.html"
    ran = subprocess.run(
        [ROOT / "tools/sgvault.sh", "report", "--html", str(page), "--", set_id],
        env=system.deployment().environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise CommandError(f"sgvault report failed: {ran.stderr.strip()}")
    return page
