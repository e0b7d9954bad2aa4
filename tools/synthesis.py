"""Synthesise the project into another folder, for tools that read the result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deployment.template import Template, read_templates

ROOT = Path(__file__).resolve().parent.parent


def synthesise(
    outdir: Path, *, root: Path = ROOT, python: Path = Path(sys.executable), **variables: str
) -> dict[str, Template]:
    """Synthesise the project in *root* to *outdir*; return each stack's JSON by its name."""
    outdir.mkdir(parents=True, exist_ok=True)
    environment = os.environ | variables | {"CDKTF_OUTDIR": str(outdir)}
    subprocess.run([python, "main.py"], cwd=root, env=environment, check=True)
    return read_templates(outdir)
