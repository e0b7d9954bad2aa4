"""The tests in *.bats, each counted as one, although bats runs a whole file at once."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BATS = HERE.parents[1] / "node_modules/bats/bin/bats"
FILES = sorted(HERE.glob("*.bats"))
RESULT = re.compile(r"^(not )?ok \d+ (.*?)(?: # skip ?(.*))?$")


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one bats test."""

    failed: bool
    skipped: str | None
    """The reason of a skip, or None."""
    output: list[str] = field(default_factory=list)


def names(file: Path) -> list[str]:
    return re.findall(r'^@test "(.*)" \{$', file.read_text(), flags=re.MULTILINE)


@cache
def results(file: Path) -> dict[str, Result]:
    """Run *file*; return the result of each test that ended."""
    done = subprocess.run(
        [BATS, "--formatter", "tap", file],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    ended: dict[str, Result] = {}
    name = ""
    for line in done.stdout.splitlines():
        if result := RESULT.match(line):
            name = result[2]
            ended[name] = Result(failed=bool(result[1]), skipped=result[3])
        elif name:
            ended[name].output.append(line)
    assert ended, done.stdout + done.stderr
    return ended


@pytest.mark.parametrize(
    ("file", "name"),
    [pytest.param(file, name, id=f"{file.stem}: {name}") for file in FILES for name in names(file)],
)
def test_bats(file: Path, name: str) -> None:
    ended = results(file)
    assert name in ended, f"bats ended before this test: {ended}"
    result = ended[name]
    if result.skipped is not None:
        pytest.skip(result.skipped)
    assert not result.failed, "\n".join(result.output)
