"""The report's page in a headless Chromium, if one is on the path: its script runs, and no key does."""

from __future__ import annotations

import re
import shutil
import subprocess
from array import array
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = '"><script>document.title="owned"</script><img src=x onerror="document.title=1">\u202e'
FOLDER = "a-vaultjob/"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the path")


def opened(folder: Path, differences: list[dict[str, Any]]) -> tuple[str, str]:
    """Write the page of *differences*, open it; return the resulting document and the console."""
    from operations.html_report import page  # its adapters make clients when they are imported
    from operations.set_state import Arrivals

    decided = {
        "set-id": f"a{HOSTILE}",
        "status": "Timed out",
        "attempt": 1,
        "reason": f"Not complete: {HOSTILE}",
        "started": 2_000,
        "finished": 3_000,
        "object-key": f"{FOLDER}a.manifest",
        "manifest-version-id": "v",
        "event-time": 1_000,
        "missing": len(differences),
    }
    path = folder / "report.html"
    arrivals = Arrivals(times=array("q", [500, 600]))
    path.write_text(
        "".join(page(decided, differences, arrivals, folder=FOLDER, commands=[], now=4_000))
    )
    ran = subprocess.run(
        [
            str(CHROMIUM),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder / 'profile'}",
            "--enable-logging=stderr",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    console = [line for line in ran.stderr.splitlines() if ":CONSOLE" in line]
    return ran.stdout, "\n".join(console)


def test_its_own_script_runs_and_a_hostile_key_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    lines = [{"type": "missing", "key": f"{FOLDER}{HOSTILE}{number}"} for number in range(3)]
    document, console = opened(tmp_path, lines)
    assert console == "", "the policy refuses nothing of the page's own"
    assert "3 of 3 shown" in document, "the script of the page has run"
    assert re.search("<title>[^<]*Timed out</title>", document), "no script of a key has run"
    assert "<img" not in document


def test_a_hundred_thousand_differences_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    lines = [
        {"type": "missing", "key": f"{FOLDER}{number % 50}/{number}"} for number in range(100_000)
    ]
    document, console = opened(tmp_path, lines)
    assert console == ""
    assert "1000 of 1000 shown" in document
