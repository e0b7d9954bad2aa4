"""The files that CONTRIBUTING names exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_file_that_a_recipe_names_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipes = text.partition("## Recipes")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([\w./-]+/[\w./-]+|\w+\.(?:json|md|toml))`", recipes))
    assert len(named) > 30
    assert {name for name in named if not (ROOT / name).exists()} == set()
