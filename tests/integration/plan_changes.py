"""Changes in a Terraform plan, attribute by attribute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deployment.review.findings import find
from deployment.review.plan import read_plan
from local.deployed_system import DeployedSystem

Change = Mapping[str, Any]
"""An entry of ``resource_changes`` in Terraform's JSON of a plan."""

READ_BACK_GAPS: Mapping[str, Mapping[str, str]] = {
    "aws_cloudwatch_metric_alarm": dict.fromkeys(
        (
            "actions_enabled",
            "alarm_actions",
            "alarm_description",
            "dimensions",
            "period",
            "statistic",
            "treat_missing_data",
        ),
        "the provider asks over CBOR, and the emulator answers with half of an alarm",
    ),
}
"""Attributes that the local AWS reads back incompletely: type, attribute and reason.

A second plan would change them.
"""

PLAN = "again.tfplan"
"""The file of the last plan, in the stack's folder."""


def changes(system: DeployedSystem, stack: str) -> list[Change]:
    """Return the changes in a plan of *stack*."""
    return changes_in(system.deployment().plan(stack, PLAN))


def changes_in(plan: Mapping[str, Any]) -> list[Change]:
    """Return the changes in a plan in Terraform's JSON."""
    return [each for each in plan["resource_changes"] if each["change"]["actions"] != ["no-op"]]


def differing(change: Change) -> set[str]:
    """Return the attributes that a change would set to another known value."""
    before, after = change["change"]["before"] or {}, change["change"]["after"] or {}
    return {name for name in after if after[name] != before.get(name)}


def is_explained(change: Change) -> bool:
    """Return whether a change only concerns attributes that are read back incompletely."""
    gaps = READ_BACK_GAPS.get(change["type"], {})
    return change["change"]["actions"] == ["update"] and differing(change) <= gaps.keys()


def unexplained(found: Iterable[Change]) -> list[str]:
    """Return the changes that no gap explains: address, actions, attributes."""
    return [
        f"{each['address']}: {each['change']['actions']} {sorted(differing(each))}"
        for each in found
        if not is_explained(each)
    ]


def reported(plan: Mapping[str, Any]) -> set[str]:
    """Return the addresses of the changes in the plan's review that no gap explains."""
    findings = find(read_plan(plan))
    hunks = [*findings.data, *findings.permissions, *findings.network, *findings.rest]
    explained = {each["address"] for each in changes_in(plan) if is_explained(each)}
    return {hunk.title.split(" ")[0] for hunk in hunks} - explained
