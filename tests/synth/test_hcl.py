"""The way out of CDKTF: what ``make hcl`` writes is Terraform's own language."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deployment.terraform import find_mirror, prepare
from tools.hcl import write


@pytest.mark.slow
def test_terraform_finds_the_hcl_of_every_stack_valid(tmp_path: Path) -> None:
    """Without a warning, and with nothing of CDKTF beside it."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")
    # They share what init installs: the provider has 700 MB.
    environment = prepare(tmp_path / "terraform.rc") | {"TF_DATA_DIR": str(tmp_path / "data")}
    lock = tmp_path / ".terraform.lock.hcl"
    for path in write(tmp_path / "hcl"):
        assert {each.name for each in path.parent.iterdir()} <= {"cdk.tf", "assets"}
        if lock.exists():
            shutil.copy(lock, path.parent)
        else:
            init(path.parent, environment)
            shutil.copy(path.parent / lock.name, lock)
        told = json.loads(terraform(path.parent, environment, "validate", "-json").stdout)
        assert told["diagnostics"] == []


def init(folder: Path, environment: dict[str, str]) -> None:
    begun = terraform(folder, environment, "init", "-backend=false", "-input=false")
    if begun.returncode and find_mirror(os.environ) is None:
        pytest.skip(f"No mirror has the AWS provider, nor is the registry there: {begun.stderr}")
    assert begun.returncode == 0, begun.stderr


def terraform(
    folder: Path, environment: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
