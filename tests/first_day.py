"""The table of first reviews in docs/first-deployment.md."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/first-deployment.md"
HEAD = "| stack | to create | *Look at this first* |\n| --- | --- | --- |\n"


def first_reviews() -> dict[str, tuple[int, list[str]]]:
    """Return the number of resources of each stack, and its lines under *Look at this first*."""
    table = PAGE.read_text(encoding="utf-8").partition(HEAD)[2].partition("\n\n")[0]
    reviews: dict[str, tuple[int, list[str]]] = {}
    lines: list[str] = []
    for row in table.splitlines():
        stack, numbers, reason = (cell.strip() for cell in row.strip("|").split("|"))
        if stack:
            reviews[stack] = int(re.findall(r"\d+", numbers)[0]), (lines := [])
        lines += re.findall(r"^\*(.+?)\*:", reason)
    return reviews
