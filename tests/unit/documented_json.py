"""The fields of each command's ``--json``, as docs/sgvault.md documents them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "sgvault.md"
TEXT = re.compile(r"JSON(?: of ([^:]*))?: (.*?)\.(?=\s|$)", re.DOTALL)
FIELD = re.compile(r"`([\w-]+)`(?:\s+\(([^)]*)\))?")
NAME = re.compile(r"`([\w-]+)`")
AND_OUTCOME = {"report"}
"""Commands that also print the fields of an outcome, which have a schema of their own."""
NO_OWN_FIELDS = {"watch", "policy", "state-policy", "deploy-policy"}
"""Commands that print an outcome, or policies in IAM's form."""

Fields = dict[str, set[str]]
"""The fields by name, each with the fields of its own values."""


@cache
def documented() -> dict[str, Fields]:
    """Return the fields by command."""
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n### sgvault ")[1:]:
        for which, text in TEXT.findall(section):
            for command, part in _parts(section.split()[0], which, text):
                fields = {
                    each[1]: set(NAME.findall(each[2] or "")) for each in FIELD.finditer(part)
                }
                if fields:
                    found[command] = fields
    return found


def _parts(command: str, which: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each command that *text* documents, and its part of the text."""
    own, _, others = text.partition("; of the others: ")
    for name in NAME.findall(which):
        yield (name if name == "bootstrap" else f"{command} {name}"), own
    if not which:
        yield command, own
    if others:
        yield from ((f"{command} {name}", others) for name in ("redrive", "set-aside"))


def check_documented(command: str, printed: Any) -> None:
    """Check that *printed* has exactly the documented fields of *command*."""
    if command in NO_OWN_FIELDS:
        return
    fields = documented()[command]
    for value in printed if isinstance(printed, list) else [printed]:
        surplus = set() if command in AND_OUTCOME else set(value) - set(fields)
        assert (set(fields) - set(value), surplus) == (set(), set()), f"sgvault {command} --json"
        for name, inner in fields.items():
            for each in value[name] if inner and value[name] else []:
                assert set(each) == inner, f"sgvault {command} --json: {name}"
