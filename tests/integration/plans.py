"""What Terraform would do, attribute by attribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.local_system import LocalSystem

Gaps = Mapping[str, Mapping[str, str]]
"""What the local AWS reads back incompletely: a resource's type, an attribute of it, and why."""


def changes(system: LocalSystem, stack: str) -> list[dict[str, Any]]:
    """Return what a plan of *stack* would change, as Terraform shows it in JSON."""
    plan = system.deployment().plan(stack, "again.tfplan")
    return [each for each in plan["resource_changes"] if each["change"]["actions"] != ["no-op"]]


def differing(change: Mapping[str, Any]) -> set[str]:
    """Name the attributes that a change would set to another value, known already."""
    before, after = change["change"]["before"] or {}, change["change"]["after"] or {}
    return {name for name in after if after[name] != before.get(name)}


def unexplained(found: list[dict[str, Any]], gaps: Gaps) -> list[str]:
    """Tell what of the changes *found* no gap explains: an address, its actions, its attributes."""
    return [
        f"{each['address']}: {each['change']['actions']} {sorted(differing(each))}"
        for each in found
        if each["change"]["actions"] != ["update"]
        or not differing(each) <= gaps.get(each["type"], {}).keys()
    ]
