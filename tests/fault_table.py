"""Read the tables of faults in docs/reliability.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
MODEL = "test_no_schedule_of_faults_loses_an_upload_or_an_outcome"


@dataclass(frozen=True)
class Kind:
    """One section: some kinds of arrow, and what each fault does to them."""

    heading: str
    arrows: frozenset[str]
    rows: tuple[tuple[str, ...], ...]
    """Cells: fault, effect, where it waits, who is notified, remedy, tests."""


def kinds() -> list[Kind]:
    """Return the sections below *What each fault does*."""
    _, _, page = PAGE.read_text(encoding="utf-8").partition("## What each fault does\n")
    _, *sections = page.partition("\n## ")[0].split("\n### ")
    return [_kind(section) for section in sections]


def _kind(section: str) -> Kind:
    heading, _, body = section.partition("\n")
    arrows = re.findall(r"`([^`]+)`", body.partition(":")[0])
    lines = [line for line in body.splitlines() if line.startswith("| ")]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]
    return Kind(heading, frozenset(arrows), tuple(rows))
