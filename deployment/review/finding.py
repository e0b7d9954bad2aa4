"""Parts of a review: dangers, and changes as lines with signs."""

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
    """A change that the reviewer must look at first."""

    address: str
    text: str
    """Markdown. Names and values from the plan are formatted as code."""
    loses_data: bool = False
    """If true, the loss must be allowed by name."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """The changes of one thing. Each line begins with ``+``, ``-``, ``!`` or a blank, then a blank."""

    title: str
    lines: tuple[str, ...] = ()


def title(change: Change) -> str:
    """Return a line with the resource and its change."""
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
    """Return a line for a resource in a list of resources with the same change."""
    name = change.name()
    return f"{change.action.value} {change.address}" + (f" ({name})" if name else "")


def gone(change: Change) -> Hunk:
    """Return a hunk for a resource that is destroyed or forgotten by Terraform."""
    sign = "-" if change.action is Action.DESTROY else "!"
    return Hunk("", (f"{sign} {title(change)}",))


def why(change: Change, quote: Callable[[str], str] = str) -> str:
    """Return the reason for a replacement or destruction, or an empty text if the plan has none."""
    if change.replaced_for:
        paths = ", ".join(quote(dotted(path)) for path in change.replaced_for)
        return f"{paths} cannot change in place"
    return change.reason


def notes(change: Change) -> list[str]:
    """Return lines for a move or an import."""
    return [
        *([f"! moved from {change.moved_from}"] if change.moved_from else []),
        *([f"! imported as {change.imported_as}"] if change.imported_as else []),
    ]


def attributes(change: Change, *, but: Iterable[Path] = ()) -> tuple[str, ...]:
    """Return lines for the arguments that an update or a replacement changes, without the paths *but*."""
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
        if forced and new == UNKNOWN:  # the title has the path
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
    """Return a path in Terraform's notation."""
    return ".".join(path)
