"""Print arbitrary names and values in Markdown and terminals without side effects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

LONGEST_VALUE = 200


def printable(text: str) -> str:
    """Escape line breaks, control characters and characters that change the reading order."""
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)


def clipped(text: str, longest: int = LONGEST_VALUE) -> str:
    """Cut *text* to *longest* characters, and append the number of characters cut."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest:,} more characters)"


def on_one_line(value: object) -> str:
    """Return a value as one line of JSON, or of text if it has no JSON form."""
    text = (
        json.dumps(value, ensure_ascii=False)
        if value is None or isinstance(value, str | int | float | list | dict)
        else str(value)
    )
    return clipped(printable(text))


def code(text: str) -> str:
    """Format *text* as inline code, whatever characters it contains."""
    shown = printable(text)
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[:1] == "`" or shown[-1:] == "`" else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def fenced(lines: Iterable[str], language: str) -> str:
    """Format *lines* as a code block, whatever characters they contain."""
    shown = [printable(line) for line in lines]
    fence = "`" * max(3, _longest_run("\n".join(shown)) + 1)
    return "\n".join([f"{fence}{language}", *shown, fence])


def counted(number: int, what: str, many: str = "") -> str:
    """Return a number with its noun in the singular or plural."""
    return f"{number:,} {what if number == 1 else many or what + 's'}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
