"""The way out of CDKTF: ``make hcl`` writes Terraform's own language."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.synth.template import Template
from tests.synth.validation import Validation
from tools.hcl import write

BACKEND = "Backend configuration ignored"
"""The only warning: a module has no backend, and here the stacks are modules of one configuration."""


@pytest.mark.slow
def test_terraform_finds_the_hcl_of_every_stack_valid(
    tmp_path: Path, dev_stacks: Mapping[str, Template], validation: Validation
) -> None:
    """Nothing of CDKTF is left. Paths of assets are relative to the folder in which Terraform runs."""
    target = tmp_path / "hcl" / "stacks"
    for path in write(tmp_path / "hcl", {name: each.written for name, each in dev_stacks.items()}):
        stack = path.parent
        assert {each.name for each in stack.iterdir()} <= {"cdk.tf", "assets"}
        if (stack / "assets").exists():
            shutil.copytree(stack / "assets", target / "assets", dirs_exist_ok=True)
    modules = [f'module "{name}" {{\n  source = "./{name}"\n}}\n' for name in dev_stacks]
    (target / "main.tf").write_text("".join(modules), encoding="utf-8")
    found = validation.diagnostics(target)
    assert {each["summary"] for each in found} == {BACKEND}, found
