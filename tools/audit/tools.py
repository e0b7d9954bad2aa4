"""Run the tools of the audit by their documented command lines, without AWS credentials."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.audit.errors import AuditError

ROOT = Path(__file__).parents[2]
VENV = Path(sys.executable).parent
VENV_AUDIT = ROOT / ".venv-audit/bin"


def run(
    tool: Path | str, *arguments: str | Path, cwd: Path = ROOT, succeeds: Sequence[int] = (0,)
) -> str:
    """Run *tool* and return its standard output.

    Raises:
        AuditError: It is missing, or its exit status is not in *succeeds*.
    """
    try:
        done = subprocess.run(
            [tool, *arguments],
            cwd=cwd,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise AuditError(f"{tool} cannot be run ({error.strerror}): run 'make audit'") from error
    if done.returncode not in succeeds:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()[-12:]
        raise AuditError("\n".join([f"{Path(tool).name} failed ({done.returncode}):", *lines]))
    return done.stdout


def _environment() -> dict[str, str]:
    """Return the environment without AWS variables: a check must not reach the caller's account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
