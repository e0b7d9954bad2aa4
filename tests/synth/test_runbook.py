"""Each alarm has a section in docs/operations.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.synth.template import Template

RUNBOOK = "docs/operations.md"
ALARMS = "aws_cloudwatch_metric_alarm"


@pytest.mark.parametrize("stack", ["EventProcessingStack", "FileShareStack"])
def test_each_alarm_names_its_section_of_the_runbook_which_has_a_command(
    dev_stacks: Mapping[str, Template], root: Path, stack: str
) -> None:
    text = (root / RUNBOOK).read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    named = {}
    for name, alarm in dev_stacks[stack].resources(ALARMS).items():
        found = re.fullmatch(rf".+: see (.+) in {RUNBOOK}", alarm["alarm_description"])
        named[name] = found and found[1]
    assert {name: section for name, section in named.items() if section not in sections} == {}
    command = re.compile(r"```\n(?:.*\n)*?(?:\$ )?(?:sgvault|aws) ")
    assert {section for section in named.values() if not command.search(sections[section])} == set()


def test_each_end_of_a_reconciliation_that_needs_somebody_has_an_alarm(dev: Template) -> None:
    """Step Functions calls a set that timed out SUCCEEDED."""
    machine = "${aws_sfn_state_machine.reconciliation.arn}"
    alarms = {
        (each["metric_name"], *each["dimensions"].values()): (each["statistic"], each["threshold"])
        for name, each in dev.resources(ALARMS).items()
        if name.startswith("reconciliation_") and not name.endswith("_lost")
    }
    notify = "vault-dev-reconcile-notify"
    assert alarms == {
        ("ExecutionsFailed", machine): ("Sum", 1),
        ("ExecutionsTimedOut", machine): ("Sum", 1),
        ("ExecutionsAborted", machine): ("Sum", 1),
        ("ReconciliationsTimedOut", notify): ("Sum", 1),
        ("ReconciliationsFailed", notify): ("Sum", 1),
        ("ReconciliationAge", "vault-dev-reconcile-check"): ("Maximum", 0.75 * 960 * 30),
    }
