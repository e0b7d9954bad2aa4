"""Anybody's names and values in Markdown and on a terminal: they show, and do nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

LONGEST_VALUE = 200


def printable(text: str) -> str:
    """Write line breaks, control characters and those that turn the reading order as escapes."""
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)


def clipped(text: str, longest: int = LONGEST_VALUE) -> str:
    """Cut *text*, and say how much is missing."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest:,} more characters)"


def on_one_line(value: object) -> str:
    """Write a value as JSON, or as itself if it has none."""
    text = (
        json.dumps(value, ensure_ascii=False)
        if value is None or isinstance(value, str | int | float | list | dict)
        else str(value)
    )
    return clipped(printable(text))


def code(text: str) -> str:
    """Write *text* as inline code, whatever is in it."""
    shown = printable(text)
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[:1] == "`" or shown[-1:] == "`" else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def fenced(lines: Iterable[str], language: str) -> str:
    """Write *lines* as a block of code, whatever is in them."""
    shown = [printable(line) for line in lines]
    fence = "`" * max(3, _longest_run("\n".join(shown)) + 1)
    return "\n".join([f"{fence}{language}", *shown, fence])


def counted(number: int, what: str, many: str = "") -> str:
    """Write a number with its noun."""
    return f"{number:,} {what if number == 1 else many or what + 's'}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
