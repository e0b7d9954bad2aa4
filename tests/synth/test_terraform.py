"""Terraform itself reads what was synthesised."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from deployment.terraform import find_mirror, prepare
from stacks.all_stacks import STACKS
from tests.synth.template import Template


@pytest.mark.parametrize("stack", [stack.__name__ for stack in STACKS])
def test_terraform_finds_the_stack_valid(
    stack: str, dev_stacks: Mapping[str, Template], tmp_path: Path
) -> None:
    """Every argument, type and reference, as the provider knows them; no account is asked."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")
    environment = prepare(tmp_path / "terraform.rc")
    folder = shutil.copytree(dev_stacks[stack].folder, tmp_path / "stack")

    def terraform(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    begun = terraform("init", "-backend=false", "-input=false", "-no-color")
    if begun.returncode and find_mirror(os.environ) is None:
        pytest.skip(f"No mirror has the AWS provider, nor is the registry there: {begun.stderr}")
    assert begun.returncode == 0, begun.stderr
    told = json.loads(terraform("validate", "-json").stdout)
    assert told["diagnostics"] == []
    assert told["valid"] is True
