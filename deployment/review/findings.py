"""Sort the plan of one stack into the sections of its review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deployment.review import data, network, permissions
from deployment.review.finding import Danger, Hunk, attributes, dotted, gone, listed, title
from deployment.review.plan import Action, Change, Plan
from deployment.review.values import Path

ORDER = (Action.DESTROY, Action.REPLACE, Action.FORGET, Action.UPDATE, Action.NOTHING)
"""The actions that a review shows in detail. Created resources are only listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The plan of one stack, sorted by importance to the reviewer."""

    counts: Counter[Action]
    dangers: tuple[Danger, ...]
    data: tuple[Hunk, ...]
    permissions: tuple[Hunk, ...]
    network: tuple[Hunk, ...]
    rest: tuple[Hunk, ...]
    created: tuple[Change, ...]
    """Created resources that belong to no other section."""
    outputs: tuple[Change, ...]
    drift: tuple[Hunk, ...]
    is_complete: bool = True

    @property
    def is_empty(self) -> bool:
        """Return whether applying the plan would do nothing."""
        return self.is_complete and not self.counts and not self.outputs

    def losses(self, allowed: Iterable[str] = ()) -> tuple[Danger, ...]:
        """Return the dangers that lose data and whose exact address is not in *allowed*."""
        may = frozenset(allowed)
        return tuple(each for each in self.dangers if each.loses_data and each.address not in may)


def find(plan: Plan) -> Findings:
    """Sort the changes of a plan into sections."""
    changes = sorted(
        (each for each in plan.changes if each.matters),
        key=lambda each: (_rank(each), each.type, each.address),
    )
    policy_paths = {each.address: _paths(each, plan) for each in changes}
    section = {each.address: _section(each) for each in changes}
    rest = [each for each in changes if not section[each.address]]
    return Findings(
        counts=_counted(changes),
        dangers=tuple(
            sorted(
                (danger for each in changes for danger in _dangers(each, plan)),
                key=lambda danger: not danger.loses_data,
            )
        ),
        data=(
            *(
                hunk
                for each in changes
                if section[each.address] == "data" and each.action is not Action.CREATE
                for hunk in data.hunks(each, but=policy_paths[each.address])
            ),
            *_new(each for each in changes if section[each.address] == "data"),
        ),
        permissions=tuple(hunk for each in changes for hunk in permissions.hunks(each, plan)),
        network=tuple(
            hunk for each in changes for hunk in network.hunks(each, but=policy_paths[each.address])
        ),
        rest=tuple(
            gone(each)
            if each.action in {Action.DESTROY, Action.FORGET}
            else Hunk(title(each), attributes(each, but=policy_paths[each.address]))
            for each in rest
            if each.action is not Action.CREATE
        ),
        created=tuple(each for each in rest if each.action is Action.CREATE),
        outputs=tuple(each for each in plan.outputs if each.action is not Action.NOTHING),
        drift=tuple(_drift(changes, plan)),
        is_complete=plan.is_complete,
    )


def _section(change: Change) -> str:
    """Return the section of a resource. Its policies are always in the section on permissions."""
    if permissions.is_about_permissions(change):
        return "permissions"
    if network.is_about_network(change):
        return "network"
    return "data" if data.is_about_data(change) else ""


def _new(changes: Iterable[Change]) -> Iterator[Hunk]:
    lines = tuple(listed(each) for each in changes if each.action is Action.CREATE)
    if lines:
        yield Hunk("new", lines)


def _paths(change: Change, plan: Plan) -> list[Path]:
    return [policy.path for policy in permissions.policies(change, plan)]


def _dangers(change: Change, plan: Plan) -> Iterator[Danger]:
    yield from data.dangers(change)
    yield from permissions.dangers(change, plan)
    yield from network.dangers(change)


def _rank(change: Change) -> int:
    return ORDER.index(change.action) if change.action in ORDER else len(ORDER)


def _counted(changes: Iterable[Change]) -> Counter[Action]:
    return Counter(each.action for each in changes)


def _drift(changes: Iterable[Change], plan: Plan) -> Iterator[Hunk]:
    """Yield the changes made outside of Terraform that the plan reverts, and the deleted resources.

    A plan contains other drift, too, which only shows how providers read values back.
    """
    touched = {each.address: each for each in changes}
    for address, drifted in plan.drift.items():
        if drifted.action is Action.DESTROY:
            yield Hunk(f"{address} was deleted")
        elif address in touched:
            reverted = touched[address].differences()
            lines = [
                f"! {dotted(path)} was changed, and the plan changes it again"
                for path in drifted.differences()
                if path in reverted
            ]
            if lines:
                yield Hunk(address, tuple(lines))
