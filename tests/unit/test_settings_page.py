"""The settings in docs/settings.md are those of the code."""

from __future__ import annotations

import json
from pathlib import Path

from stacks.settings_schema import SETTINGS

ROOT = Path(__file__).parents[2]


def test_the_table_of_settings_is_that_of_the_code() -> None:
    """The table has a row for each setting, in order: key, default, rule, meaning."""
    defaults = json.loads((ROOT / "cdktf.json").read_text())["context"]
    rows = [
        f"| `{key}` | `{json.dumps(defaults[key])}` | {setting.rule.must_be} | {setting.meaning} |"
        for key, setting in SETTINGS.items()
    ]
    assert "\n".join(rows) in (ROOT / "docs" / "settings.md").read_text()
