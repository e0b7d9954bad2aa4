"""``cdktf diff``, as a deployer runs it."""

from __future__ import annotations

import re

from deployment.explanation import COLOURS
from local.deployed_system import EVENT_PROCESSING, DeployedSystem
from tests.integration.plan_changes import changes, unexplained

PLANNED = re.compile(r" # (\S+) .*(?:will|must) be (.*)")


def test_cdktf_has_nothing_to_change_after_a_deployment(system: DeployedSystem) -> None:
    """It plans with Terraform; the emulator's gaps cause the only changes."""
    expected = changes(system, EVENT_PROCESSING)
    assert unexplained(expected) == []
    lines: list[str] = []
    system.deployment().cdktf(
        "diff", EVENT_PROCESSING, "--skip-synth", "--skip-provider-lock", on_line=lines.append
    )
    reported = COLOURS.sub("", "\n".join(lines))
    assert "Plan: 0 to add" in reported or "No changes" in reported
    assert dict(PLANNED.findall(reported)) == {
        each["address"]: "updated in-place" for each in expected
    }
