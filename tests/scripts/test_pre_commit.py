""".pre-commit-config.yaml: sound, and nothing in it is downloaded."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / ".pre-commit-config.yaml"


def test_pre_commit_takes_the_configuration() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", CONFIGURATION],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_every_hook_is_at_hand_once_the_project_is_set_up() -> None:
    """A hook from a repository, or with a language's environment, would need the network."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    assert set(re.findall(r"- repo: (.*)", text)) == {"local"}
    assert set(re.findall(r"language: (.*)", text)) == {"system", "pygrep"}
    programs = set(re.findall(r"entry: (\.venv\S+)", text))
    assert len(programs) > 5
    assert [name for name in programs if not (ROOT / name).exists()] == []
