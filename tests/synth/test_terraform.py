"""Terraform itself reads what was synthesised."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from stacks.all_stacks import STACKS
from tests.synth.template import Template
from tests.synth.validation import Validation


@pytest.mark.parametrize("stack", [stack.__name__ for stack in STACKS])
def test_terraform_finds_the_stack_valid(
    stack: str, dev_stacks: Mapping[str, Template], tmp_path: Path, validation: Validation
) -> None:
    """Every argument, type and reference, as the provider knows them; no account is asked."""
    folder = shutil.copytree(dev_stacks[stack].folder, tmp_path / "stack")
    assert validation.diagnostics(folder) == []
