"""The tests in *.bats, each counted as one: bats runs a file once, for all of its tests."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BATS = HERE.parents[1] / "node_modules/bats/bin/bats"
FILES = sorted(HERE.glob("*.bats"))
RESULT = re.compile(r"^(not )?ok \d+ (.*)$")


def names(file: Path) -> list[str]:
    return re.findall(r'^@test "(.*)" \{$', file.read_text(), flags=re.MULTILINE)


@cache
def failures(file: Path) -> dict[str, str | None]:
    """Run *file*; return what each test that ended has to say, None if nothing."""
    done = subprocess.run(
        [BATS, "--formatter", "tap", file],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    told: dict[str, str | None] = {}
    name = ""
    for line in done.stdout.splitlines():
        if result := RESULT.match(line):
            name = result[2]
            told[name] = "" if result[1] else None
        elif told.get(name) is not None:
            told[name] = f"{told[name]}{line}\n"
    assert told, done.stdout + done.stderr
    return told


@pytest.mark.parametrize(
    ("file", "name"),
    [pytest.param(file, name, id=f"{file.stem}: {name}") for file in FILES for name in names(file)],
)
def test_bats(file: Path, name: str) -> None:
    told = failures(file)
    assert name in told, f"bats did not come so far: {told}"
    failure = told[name]
    assert failure is None, failure
