"""docs/reliability.md has an answer to each fault of each kind of arrow, and a test of the answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fault_table import MODEL, Kind, kinds

TESTS = Path(__file__).parents[1]
FAULTS = [
    "duplicate",
    "reordered",
    "late",
    "dead consumer",
    "throttled",
    "partial failure",
    "crash before or after the effect",
    "poison",
    "time-out",
    "permission error",
    "table or bucket unavailable",
    "deployment in between",
]
TABLES = [kind for kind in kinds() if kind.rows]


def test_there_is_a_table_for_each_of_eleven_kinds() -> None:
    """Another section has the arrows that carry no upload."""
    assert (len(TABLES), len(kinds())) == (11, 12)


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.heading)
def test_each_fault_has_an_answer(kind: Kind) -> None:
    """No answer is that something is lost."""
    assert [row[0] for row in kind.rows] == FAULTS
    for row in kind.rows:
        assert len(row) == 6
        assert all(row)
        assert not any(re.search(r"\blost\W*$", cell) for cell in row[:5]), row


def test_each_test_that_is_named_exists() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    defined = set(re.findall(r"^def (test_\w+)", sources, re.MULTILINE))
    named = {
        name for kind in TABLES for row in kind.rows for name in re.findall(r"`(\w+)`", row[5])
    }
    assert named - {"model"} - defined == set()
    assert MODEL in defined
