"""What a reviewer is told: dangers, and changes as lines with signs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from deployment.review.plan import Action, Change
from deployment.review.text import on_one_line
from deployment.review.values import UNKNOWN, Path

LINES_A_CHANGE = 24
DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "changed",
    Action.REPLACE: "replaced",
    Action.DESTROY: "destroyed",
    Action.FORGET: "forgotten by Terraform, and left as it is",
}


@dataclass(frozen=True, slots=True)
class Danger:
    """Something to look at before anything else."""

    address: str
    text: str
    """Markdown: names and values of others stand in it as code."""
    loses_data: bool = False
    """Whether it needs to be allowed by name."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """What changes about one thing: each line begins with +, -, ! or a blank, and a blank."""

    title: str
    lines: tuple[str, ...] = ()


def title(change: Change) -> str:
    """Say in a line which resource it is and what becomes of it."""
    words = [change.address]
    if (name := change.name()) and name not in change.address:
        words.append(f"({name})")
    if change.deposed:
        words.append("(deposed: what an earlier replacement left)")
    words.append(f"is {DONE[change.action]}" if change.action in DONE else "stays as it is")
    if reasons := why(change):
        words.append(f"because {reasons}")
    return " ".join(words)


def listed(change: Change) -> str:
    """Write a line that names a resource among others that share its fate."""
    name = change.name()
    return f"{change.action.value} {change.address}" + (f" ({name})" if name else "")


def gone(change: Change) -> Hunk:
    """Write in a line that a resource is no longer there, or no longer Terraform's."""
    sign = "-" if change.action is Action.DESTROY else "!"
    return Hunk("", (f"{sign} {title(change)}",))


def why(change: Change, quote: Callable[[str], str] = str) -> str:
    """Say what a replacement or destruction comes from, as far as the plan tells."""
    if change.replaced_for:
        paths = ", ".join(quote(dotted(path)) for path in change.replaced_for)
        return f"{paths} cannot change in place"
    return change.reason


def notes(change: Change) -> list[str]:
    """Say what is done to Terraform's knowledge of a resource, beside the change itself."""
    return [
        *([f"! moved from {change.moved_from}"] if change.moved_from else []),
        *([f"! imported as {change.imported_as}"] if change.imported_as else []),
    ]


def attributes(change: Change, *, but: Iterable[Path] = ()) -> tuple[str, ...]:
    """Write what an update or a replacement changes, without what is below the paths *but*."""
    left_out = tuple(but)
    different = {
        path: values
        for path, values in change.differences().items()
        if not any(path[: len(each)] == each for each in left_out)
    }
    return _bounded([*notes(change), *_lines(different, change)])


def _lines(different: Mapping[Path, tuple[object, object]], change: Change) -> Iterable[str]:
    for path, (old, new) in different.items():
        forced = any(
            path[: len(each)] == each or each[: len(path)] == path for each in change.replaced_for
        )
        if forced and new == UNKNOWN:  # the title says it
            continue
        if old is not None:
            yield f"- {dotted(path)} = {on_one_line(old)}"
        if new is not None:
            yield f"+ {dotted(path)} = {on_one_line(new)}" + ("  # forces the replacement" * forced)


def _bounded(lines: list[str]) -> tuple[str, ...]:
    if len(lines) <= LINES_A_CHANGE:
        return tuple(lines)
    return (*lines[:LINES_A_CHANGE], f"  and {len(lines) - LINES_A_CHANGE:,} more lines")


def dotted(path: Path) -> str:
    """Write a path as Terraform's plans do."""
    return ".".join(path)
