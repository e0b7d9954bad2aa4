"""``cdktf deploy``, as a person runs it: it synthesises, plans and applies."""

from __future__ import annotations

import re
import subprocess

from deployment.deployment import ROOT
from deployment.explanation import COLOURS
from local.deployed_system import EVENT_PROCESSING, DeployedSystem
from tests.integration.plan_changes import PLAN, changes_in, reported, unexplained

CDKTF = ROOT / "node_modules" / ".bin" / "cdktf"
PLANNED = re.compile(r" # (\S+) .*(?:will|must) be (.*)")


def test_cdktf_deploys_the_same_as_terraform(system: DeployedSystem) -> None:
    """The emulator's gaps cause the only changes to what Terraform itself has deployed."""
    stacks = system.deployment()
    plan = stacks.plan(EVENT_PROCESSING, PLAN)
    expected = changes_in(plan)
    assert (unexplained(expected), reported(plan)) == ([], set())
    output = ["--output", str(stacks.output_folder)]
    deployed = subprocess.run(
        [CDKTF, "deploy", EVENT_PROCESSING, "--auto-approve", *output],
        cwd=ROOT,
        env=stacks.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    printed = COLOURS.sub("", deployed.stdout)
    assert deployed.returncode == 0, printed + deployed.stderr
    assert dict(PLANNED.findall(printed)) == {
        each["address"]: "updated in-place" for each in expected
    }
    assert f"{len(expected)} changed, 0 destroyed" in printed
