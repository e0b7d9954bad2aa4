""".pre-commit-config.yaml is valid, and its hooks download nothing."""

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


def test_pre_commit_accepts_the_configuration() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", CONFIGURATION],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_set_up_installs_every_hook() -> None:
    """A hook from a repository, or one with its own language environment, would need the network."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    assert set(re.findall(r"- repo: (.*)", text)) == {"local"}
    assert set(re.findall(r"language: (.*)", text)) == {"system", "pygrep"}
    programs = set(re.findall(r"entry: (\.venv\S+)", text))
    assert len(programs) == 5
    assert [name for name in programs if not (ROOT / name).exists()] == []


def test_the_hook_finds_a_secret_with_the_exceptions_of_the_audit(tmp_path: Path) -> None:
    """Hook and audit share one list of exceptions."""
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
