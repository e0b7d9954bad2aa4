"""Each reason of the outcome *Failed* has its section in docs/operations.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OF_NO_MANIFEST = ("No check succeeded in", "The execution ended as", "MalformedEventError")
"""Reasons that are not a ManifestError's."""


def reasons() -> Iterator[str]:
    """Yield the longest constant part of each message of a ManifestError."""
    for path in sorted((ROOT / "handlers").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="ManifestError"), args=[message, *_]):
                    parts = [
                        each.value
                        for each in ast.walk(message)
                        if isinstance(each, ast.Constant) and isinstance(each.value, str)
                    ]
                    yield max(parts, key=len).strip(" ,:;({")


@pytest.mark.parametrize("reason", [*OF_NO_MANIFEST, *reasons()])
def test_each_reason_has_its_section(reason: str) -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    _, _, failed = text.partition("## The outcome is Failed")
    section = " ".join(failed.partition("\n## ")[0].split())
    assert " ".join(reason.split()) in section
