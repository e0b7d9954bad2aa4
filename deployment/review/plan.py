"""Typed values of a plan, read from the output of ``terraform show -json``.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

from deployment.review.expressions import Block, expressions, is_written, written_as
from deployment.review.values import UNKNOWN, Path, Sensitive, Unknown, hide, is_nothing, leaves

INSTANCE_KEY = re.compile(r"\[[^\]]*\]$")
REASONS = {
    "replace_because_tainted": "its creation failed, or it is marked as tainted",
    "replace_by_request": "the plan was made with -replace",
    "replace_by_triggers": "a resource in its replace_triggered_by changes",
    "delete_because_no_resource_config": "it is no longer in the configuration",
    "delete_because_wrong_repetition": "the configuration changed between count, for_each and neither",
    "delete_because_count_index": "its index is beyond the configured count",
    "delete_because_each_key": "its key is not in the configured for_each",
    "delete_because_no_module": "its module is no longer in the configuration",
    "delete_because_no_move_target": "the target of its move is not in the configuration",
}


class PlanError(Exception):
    """The input is not a plan that can be read; the text has the reason."""


class Action(Enum):
    """The change of a resource. The value is the sign for it in a review."""

    NOTHING = " "
    READ = "<="
    CREATE = "+"
    UPDATE = "~"
    REPLACE = "-/+"
    DESTROY = "-"
    FORGET = "."
    """The resource still exists, but Terraform no longer manages it."""

    @classmethod
    def of(cls, actions: Sequence[str]) -> Self:
        """Return the action for a plan's list of actions."""
        given = frozenset(actions)
        if "forget" in given:
            return cls.FORGET
        if given == {"create", "delete"}:
            return cls.REPLACE
        names = {
            "no-op": cls.NOTHING,
            "read": cls.READ,
            "create": cls.CREATE,
            "update": cls.UPDATE,
            "delete": cls.DESTROY,
        }
        try:
            return names[",".join(given)]
        except KeyError:
            raise PlanError(f"The plan has unknown actions: {actions}.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The change of one resource or output. Unknown and sensitive values are hidden."""

    address: str
    type: str
    action: Action
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    expressions: Block = field(default_factory=dict)
    """Its arguments in the configuration, by name; empty if the configuration does not contain it."""
    replaced_for: tuple[Path, ...] = ()
    reason: str = ""
    deposed: bool = False
    moved_from: str = ""
    imported_as: str = ""

    @property
    def loses_it(self) -> bool:
        """Return whether the present object is destroyed."""
        return self.action in {Action.DESTROY, Action.REPLACE}

    @property
    def matters(self) -> bool:
        """Return whether the plan changes the resource in AWS or in Terraform's state."""
        idle = self.action in {Action.NOTHING, Action.READ}
        return not idle or bool(self.moved_from or self.imported_as)

    def name(self) -> str:
        """Return the resource's name in AWS, or an empty text if it is not known."""
        for values in (self.before, self.after):
            for argument in ("function_name", "role", "name", "bucket", "alarm_name", "rule"):
                if isinstance(name := values.get(argument), str) and name:
                    return name
        return ""

    def differences(self) -> Mapping[Path, tuple[Any, Any]]:
        """Map the paths that differ to their values before and after.

        Values that AWS computes, and different spellings of an unset value, are left out.
        """
        before, after = dict(leaves(self.before)), dict(leaves(self.after))
        hidden = {path for path, value in after.items() if isinstance(value, Unknown | Sensitive)}
        found = {}
        for path in sorted(before.keys() | after.keys()):
            old, new = before.get(path), after.get(path)
            nobody_decided = (
                (new == UNKNOWN and not self._is_configured(path))
                or (path[0] == "tags" and "tags_all" in self.after)
                or any(path[:length] in hidden for length in range(1, len(path)))
            )
            if old != new and not (is_nothing(old) and is_nothing(new)) and not nobody_decided:
                found[path] = (old, new)
        return found

    def written_as(self, name: str) -> str:
        """Return the configuration of an argument whose value is not known yet."""
        return written_as(self.expressions, name)

    def _is_configured(self, path: Path) -> bool:
        forces = any(path[: len(each)] == each for each in self.replaced_for)
        return forces or is_written(self.expressions, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan of one stack."""

    changes: tuple[Change, ...]
    outputs: tuple[Change, ...]
    documents: Mapping[str, Change]
    """Policy documents that are read only during the apply, by address."""
    drift: Mapping[str, Change]
    """The changes made outside of Terraform since its last refresh, by address."""
    is_complete: bool


def read_plan(shown: Any) -> Plan:
    """Read the parsed JSON of a plan.

    Raises:
        PlanError: It is not a plan, or its format version is not supported.
    """
    if not isinstance(shown, dict) or not shown.keys() & {"resource_changes", "planned_values"}:
        raise PlanError("This is not a plan: write it with 'terraform show -json PLANFILE'.")
    form = str(shown.get("format_version", ""))
    if form.partition(".")[0] != "1":
        raise PlanError(f"The plan has format version {form or 'none'}; only 1.x is supported.")
    resources = shown.get("resource_changes", [])
    known = {each["address"]: _arguments(_sides(each["change"])[1]) for each in resources}
    written = expressions(shown, known)
    return Plan(
        changes=tuple(_change(each, written) for each in resources if each["mode"] == "managed"),
        outputs=tuple(
            _output(name, change) for name, change in shown.get("output_changes", {}).items()
        ),
        documents={
            each["address"]: _change(each, written)
            for each in resources
            if each["type"] == "aws_iam_policy_document"
        },
        drift={each["address"]: _change(each, written) for each in shown.get("resource_drift", [])},
        is_complete=bool(shown.get("complete", True)) and not shown.get("errored", False),
    )


def _change(shown: Mapping[str, Any], written: Mapping[str, Block]) -> Change:
    change, address = shown["change"], str(shown["address"])
    before, after = _sides(change)
    return Change(
        address=address,
        type=str(shown["type"]),
        action=Action.of(change["actions"]),
        before=_arguments(before),
        after=_arguments(after),
        expressions=written.get(INSTANCE_KEY.sub("", address), {}),
        replaced_for=tuple(
            tuple(str(part) for part in path) for path in change.get("replace_paths", [])
        ),
        reason=REASONS.get(shown.get("action_reason", ""), ""),
        deposed="deposed" in shown,
        moved_from=str(shown.get("previous_address", "")),
        imported_as=str((change.get("importing") or {}).get("id", "")),
    )


def _output(name: str, change: Mapping[str, Any]) -> Change:
    before, after = _sides(change)
    return Change(
        address=name,
        type="output",
        action=Action.of(change["actions"]),
        before={"value": before},
        after={"value": after},
        expressions={"value": {}},
    )


def _sides(change: Mapping[str, Any]) -> tuple[Any, Any]:
    before, after = change.get("before"), change.get("after")
    hidden = change.get("after_unknown")
    return (
        hide(before, unknown=None, sensitive=change.get("before_sensitive")),
        hide(after, unknown=hidden, sensitive=change.get("after_sensitive")),
    )


def _arguments(side: Any) -> dict[str, Any]:
    return side if isinstance(side, dict) else {}
