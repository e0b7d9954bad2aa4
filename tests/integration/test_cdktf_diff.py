"""``cdktf diff``, as whoever is about to deploy runs it."""

from __future__ import annotations

import re

from deployment.explanation import COLOURS
from local.local_system import LocalSystem
from tests.integration.test_terraform import READ_BACK_GAPS

PLANNED = re.compile(r" # (\S+) .*(?:will|must) be (.*)")


def test_cdktf_has_nothing_to_change_after_it_deployed(system: LocalSystem) -> None:
    """It plans by Terraform, and tells what that does: but for the emulator's gaps, nothing."""
    lines: list[str] = []
    system.deployment().cdktf(
        "diff", "EventProcessingStack", "--skip-synth", "--skip-provider-lock", on_line=lines.append
    )
    told = COLOURS.sub("", "\n".join(lines))
    assert "Plan: 0 to add" in told or "No changes" in told
    planned = dict(PLANNED.findall(told))
    assert {address.partition(".")[0] for address in planned} <= set(READ_BACK_GAPS)
    assert set(planned.values()) <= {"updated in-place"}
