"""What ``terraform show -json`` says of a plan, as typed values.

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
    "replace_because_tainted": "its creation had failed, or it was marked as tainted",
    "replace_by_request": "the caller of the plan asked for it",
    "replace_by_triggers": "something that it is to be replaced with changes",
    "delete_because_no_resource_config": "the configuration has it no longer",
    "delete_because_wrong_repetition": "the configuration has other instances of it",
    "delete_because_count_index": "the configuration has fewer of it",
    "delete_because_each_key": "the configuration has no such key",
    "delete_because_no_module": "the configuration has its module no longer",
    "delete_because_no_move_target": "nothing is where it was to be moved to",
}


class PlanError(Exception):
    """This is no plan that can be read, and why."""


class Action(Enum):
    """What becomes of a resource; the value is the sign that stands for it."""

    NOTHING = " "
    READ = "<="
    CREATE = "+"
    UPDATE = "~"
    REPLACE = "-/+"
    DESTROY = "-"
    FORGET = "."
    """It goes on to exist, and Terraform knows of it no longer."""

    @classmethod
    def of(cls, actions: Sequence[str]) -> Self:
        """Read a plan's list of actions."""
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
            raise PlanError(f"The plan has actions that are not known here: {actions}.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one resource or output. Hidden values are hidden in it."""

    address: str
    type: str
    action: Action
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    expressions: Block = field(default_factory=dict)
    """Its arguments in the configuration, by name; empty if it is not in there."""
    replaced_for: tuple[Path, ...] = ()
    reason: str = ""
    deposed: bool = False
    moved_from: str = ""
    imported_as: str = ""

    @property
    def loses_it(self) -> bool:
        """Tell whether the object that there is now will be no more."""
        return self.action in {Action.DESTROY, Action.REPLACE}

    @property
    def matters(self) -> bool:
        """Tell whether anything is done: in AWS, or to what Terraform knows."""
        idle = self.action in {Action.NOTHING, Action.READ}
        return not idle or bool(self.moved_from or self.imported_as)

    def name(self) -> str:
        """Return what it is called in AWS, as far as that is known."""
        for values in (self.before, self.after):
            for argument in ("function_name", "role", "name", "bucket", "alarm_name", "rule"):
                if isinstance(name := values.get(argument), str) and name:
                    return name
        return ""

    def differences(self) -> Mapping[Path, tuple[Any, Any]]:
        """Map what differs, by path, to its value before and after.

        Without what nobody decided: values that AWS will compute, and spellings of nothing.
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
        """Say how the configuration gives an argument that is not known yet."""
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
    """Policy documents that are read during the apply only, by address."""
    drift: Mapping[str, Change]
    """What was changed other than by Terraform since it last looked, by address."""
    is_whole: bool


def read_plan(shown: Any) -> Plan:
    """Read the parsed JSON of a plan.

    Raises:
        PlanError: It is none, or of a form that is not known here.
    """
    if not isinstance(shown, dict) or not shown.keys() & {"resource_changes", "planned_values"}:
        raise PlanError("This is no plan: write it with 'terraform show -json PLANFILE'.")
    form = str(shown.get("format_version", ""))
    if form.partition(".")[0] != "1":
        raise PlanError(f"The plan's form is version {form or 'none'}; only 1.x is known here.")
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
        is_whole=bool(shown.get("complete", True)) and not shown.get("errored", False),
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
