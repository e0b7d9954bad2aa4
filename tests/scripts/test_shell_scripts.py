"""make lint checks every shell script: its patterns match all of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHEBANG = re.compile(rb"#! ?(/usr/bin/env )?(/bin/)?(ba)?sh\b")


def tracked() -> set[Path]:
    """Return the files that git tracks or does not ignore."""
    listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", *listing],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = {ROOT / name for name in listed.stdout.split("\0") if name}
    return {path for path in paths if path.is_file()}


def is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix in {".sh", ".bash", ".bats"} or bool(SHEBANG.match(file.readline(80)))


def test_lint_checks_every_shell_script() -> None:
    (patterns,) = re.findall(
        r"^shell_scripts := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    named = {path for pattern in patterns.split() for path in ROOT.glob(pattern)}
    assert {path for path in tracked() if is_script(path)} == named
