"""tools/prerequisites.sh, run with stubs as the only executables on PATH."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools/prerequisites.sh"
WELL = {
    "python3": "echo 3.11.7",
    "node": "echo v20.20.2",
    "npm": ":",
    "terraform": "echo Terraform v1.11.4; echo on linux_amd64",
    "make": "echo GNU Make 4.3; echo Built for x86_64-pc-linux-gnu",
}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return a folder for stubs that is the whole PATH, with a few commands that every system has."""
    for command in ("awk", "head", "sed"):
        (tmp_path / command).symlink_to(shutil.which(command) or command)
    install(tmp_path, **WELL)
    return tmp_path


def install(machine: Path, **stubs: str) -> None:
    for name, body in stubs.items():
        stub = machine / name
        stub.write_text(f"#!/bin/sh\n{body}\n")
        stub.chmod(0o755)


def run(machine: Path, **environment: str) -> tuple[int, list[str]]:
    """Return the script's exit status and its error output."""
    done = subprocess.run(
        [SCRIPT],
        env={"PATH": str(machine)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


def test_prints_nothing_if_everything_is_installed(machine: Path) -> None:
    assert run(machine) == (0, [])


def test_reports_all_missing_programs_at_once_with_remedies(machine: Path) -> None:
    for name in WELL:
        (machine / name).unlink()
    status, complaints = run(machine)
    assert status == 1
    assert [line.partition(": ")[0] for line in complaints] == [
        f"{name} is not found, or does not run"
        for name in ("Python", "Node", "Terraform", "GNU make")
    ]
    assert all(" or later is needed. Install " in line for line in complaints)


@pytest.mark.parametrize(
    ("stub", "body", "complaint"),
    [
        ("python3", "echo 3.9.18", "Python 3.9.18 is too old: 3.11 or later is needed."),
        ("node", "echo v18.20.4", "Node 18.20.4 is too old: 20 or later is needed."),
        (
            "terraform",
            "echo Terraform v1.9.8",
            "Terraform 1.9.8 is too old: 1.11 or later is needed.",
        ),
        ("make", "echo GNU Make 3.80", "GNU make 3.80 is too old: 3.81 or later is needed."),
        ("make", "echo bmake", "GNU make is not found, or does not run: 3.81 or later is needed."),
        ("terraform", "echo OpenTofu v1.11.0", "Terraform is not found, or does not run:"),
        ("python3", "echo 3.11.7; exit 1", "Python 3.11.7 comes without venv:"),
    ],
)
def test_reports_the_found_and_the_required_version(
    machine: Path, stub: str, body: str, complaint: str
) -> None:
    install(machine, **{stub: body})
    status, (line,) = run(machine)
    assert status == 1
    assert line.startswith(complaint)


@pytest.mark.parametrize(
    ("stub", "body"),
    [
        ("python3", "echo 3.13.0"),
        ("python3", "echo 4.0.0"),
        ("node", "echo v24.0.0"),
        ("terraform", "echo Terraform v1.15.0-rc1"),
        ("terraform", "echo Terraform v2.0.0"),
        ("make", "echo GNU Make 3.81"),
    ],
)
def test_accepts_any_later_version(machine: Path, stub: str, body: str) -> None:
    install(machine, **{stub: body})
    assert run(machine) == (0, [])


def test_reads_the_version_between_terraforms_warnings(machine: Path) -> None:
    warning = "echo Warning: Terraform v9 cannot open its configuration"
    install(machine, terraform=f"{warning}; {warning} >&2; echo Terraform v1.11.4; {warning}")
    assert run(machine) == (0, [])


def test_a_shim_without_a_python_does_not_count(machine: Path) -> None:
    install(machine, python3="echo 'pyenv: python3: command not found' >&2; exit 127")
    status, (line,) = run(machine)
    assert status == 1
    assert line.startswith("Python is not found, or does not run: 3.11 or later is needed.")


def test_node_without_npm_is_not_enough(machine: Path) -> None:
    (machine / "npm").unlink()
    status, (line,) = run(machine)
    assert status == 1
    assert line.startswith("Node 20.20.2 comes without npm:")


def test_checks_the_python_and_the_make_that_are_used(machine: Path) -> None:
    other = machine / "other"
    other.mkdir()
    install(other, python="echo 3.10.1", gmake="echo GNU Make 4.4.1")
    (machine / "make").unlink()
    status, (line,) = run(machine, PYTHON=str(other / "python"), MAKE=str(other / "gmake"))
    assert status == 1
    assert line.startswith("Python 3.10.1 is too old")
