""".pre-commit-config.yaml: sound, and nothing in it is downloaded."""

from __future__ import annotations

import re
import secrets
import string
import subprocess
import sys
from pathlib import Path

from tools.audit.checks.secrets import KNOWN

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
    assert len(programs) == 5
    assert [name for name in programs if not (ROOT / name).exists()] == []


def test_the_hook_finds_a_secret_and_knows_what_the_audit_knows(tmp_path: Path) -> None:
    """One list, so that what the one lets pass the other does."""
    made_up = tmp_path / "made_up.py"
    made_up.write_text("".join(f'password = "{value}"\n' for value in KNOWN))
    real = tmp_path / "real.ini"
    key = "AKIA" + "".join(secrets.choice(string.ascii_uppercase) for _ in range(16))
    real.write_text(f"access = {key}\n")

    def hook(file: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tools.secrets_hook", file],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    found = hook(real)
    assert found.returncode == 1
    assert "AWS Access Key" in found.stdout
    assert hook(made_up).returncode == 0
