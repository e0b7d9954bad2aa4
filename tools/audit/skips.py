"""Checks that a resource need not pass; each skip stands beside its resource, with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.audit.violation import Violation


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """A resource that failed a check of a tool."""

    stack: str
    address: str
    check: str
    what: str


@dataclass(frozen=True, slots=True)
class Skip:
    """A check that a resource need not pass."""

    stack: str
    address: str
    check: str
    reason: str


def skips(stack: str, written: Mapping[str, Any]) -> Iterator[Skip]:
    """Read the skips that ``skip_check`` wrote beside the resources of a synthesised *stack*."""
    for type_, resources in written.get("resource", {}).items():
        for name, block in resources.items():
            for check, reason in block.get("//", {}).get("skip", {}).items():
                yield Skip(stack, f"{type_}.{name}", check, reason)


def judged(failures: Iterable[Failure], skipped: Iterable[Skip]) -> Iterator[Violation]:
    """Yield the failures without a skip, and the skips without a failure or without a reason."""
    failed = sorted(set(failures))
    keys = {(each.stack, each.address, each.check) for each in failed}
    ours = {(each.stack, each.address, each.check): each for each in skipped}
    for failure in failed:
        if (failure.stack, failure.address, failure.check) not in ours:
            yield Violation(
                f"{failure.stack} {failure.address}", f"{failure.check}: {failure.what}"
            )
    for key, skip in sorted(ours.items()):
        where = f"{skip.stack} {skip.address}"
        if not skip.reason.strip():
            yield Violation(where, f"{skip.check} is skipped without a reason")
        if key not in keys:
            yield Violation(where, f"{skip.check} is skipped, but does not fail: remove the skip")
