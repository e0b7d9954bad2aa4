"""The way out of CDKTF: ``make hcl`` writes Terraform's own language."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.synth.validation import Validation
from tools.hcl import write


@pytest.mark.slow
def test_terraform_finds_the_hcl_of_every_stack_valid(
    tmp_path: Path, validation: Validation
) -> None:
    """There are no warnings, and nothing of CDKTF is left."""
    for path in write(tmp_path / "hcl"):
        assert {each.name for each in path.parent.iterdir()} <= {"cdk.tf", "assets"}
        assert validation.diagnostics(path.parent) == []
