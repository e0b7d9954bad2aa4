"""tools/setup.sh in its own folder; stubs for Python, pipenv and npm record their calls."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
PYTHON = """#!/bin/sh
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pipenv --version") echo "pipenv, version 2026.10.3" ;;
  "-m pip install --no-deps --require-hashes "*) echo "pip ${7#.venv-}" >>calls ;;
  "-m pipenv requirements --dev-only "*) echo "awscrt==1.0 --hash=sha256:1" ;;
  "-m pip download --dest "*) echo "pip download $5" >>calls; touch "$5/awscrt-1.0.whl" ;;
  "-m pipenv requirements "*) echo "pipenv $*" >>calls ;;
  "-m pipenv "*) echo "pipenv $3 VIRTUAL_ENV=$VIRTUAL_ENV PIPENV_PIPFILE=$PIPENV_PIPFILE" >>calls ;;
esac
[ "$3" != "${FAILING-nothing}" ] || { echo "cannot $3"; exit 1; }
"""
NPM = """#!/bin/sh
echo "npm $1" >>calls
mkdir -p node_modules
"""
VENV = ["pipenv sync VIRTUAL_ENV= PIPENV_PIPFILE=", "pip download .venv/arm64"]
NODE_MODULES = ["npm ci"]
VENV_AUDIT = [
    "pipenv -m pipenv requirements --categories audit --hash",
    "pip audit/requirements.txt",
]


class Project:
    """A project with only two lock files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(TOOLS, folder / "tools")
        (folder / "stubs").mkdir()
        for name, body in {"stubs/python3": PYTHON, "stubs/npm": NPM}.items():
            (folder / name).write_text(body)
            (folder / name).chmod(0o755)
        self.write("Pipfile.lock", "1")
        self.write("package-lock.json", "1")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def set_up(self, *also: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / 'stubs'}{os.pathsep}{os.defpath}"
        return subprocess.run(
            [self.folder / "tools/setup.sh", *also],
            env={"PATH": path} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[str]:
        """Return the calls since the last time."""
        calls = self.folder / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return lines


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "a folder")


@pytest.fixture
def ready(project: Project) -> Project:
    project.set_up()
    project.calls()
    return project


def test_builds_both_environments_and_prints_nothing_on_stdout(project: Project) -> None:
    done = project.set_up()
    assert (done.returncode, done.stdout) == (0, "")
    assert len(done.stderr.splitlines()) == 3
    assert project.calls() == VENV + NODE_MODULES


def test_a_second_run_does_nothing_and_prints_nothing(ready: Project) -> None:
    done = ready.set_up()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert ready.calls() == []


@pytest.mark.parametrize(
    ("lock", "calls"), [("Pipfile.lock", VENV), ("package-lock.json", NODE_MODULES)]
)
def test_a_changed_lock_file_rebuilds_only_its_environment(
    ready: Project, lock: str, calls: list[str]
) -> None:
    (ready.folder / lock).touch()
    ready.set_up()
    assert ready.calls() == []
    ready.write(lock, "2")
    ready.set_up()
    assert ready.calls() == calls


@pytest.mark.parametrize(
    ("lost", "calls"),
    [(".venv", VENV), ("node_modules", NODE_MODULES), (".venv/bin/python", VENV)],
)
def test_a_missing_environment_is_built_again(ready: Project, lost: str, calls: list[str]) -> None:
    path = ready.folder / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    ready.set_up()
    assert ready.calls() == calls


def test_a_moved_project_is_set_up_again(ready: Project) -> None:
    ready.folder = ready.folder.rename(ready.folder.with_name("elsewhere"))
    ready.set_up()
    assert ready.calls() == VENV + NODE_MODULES


def test_the_operators_command_of_the_checkout_is_on_the_path(ready: Project) -> None:
    """This holds also if .venv is older than the command."""
    command = ready.folder / ".venv/bin/sgvault"
    assert command.resolve() == ready.folder / "tools/sgvault.sh"
    command.unlink()
    ready.set_up()
    assert command.resolve() == ready.folder / "tools/sgvault.sh"
    assert ready.calls() == []


def test_a_failure_is_shown_and_the_next_run_repeats_the_step(project: Project) -> None:
    done = project.set_up(FAILING="sync")
    assert done.returncode == 1
    assert "cannot sync" in done.stderr
    project.calls()
    assert project.set_up().returncode == 0
    assert project.calls() == VENV + NODE_MODULES


def test_the_callers_environment_does_not_reach_pipenv(project: Project) -> None:
    project.set_up(VIRTUAL_ENV="/elsewhere", PIPENV_PIPFILE="/elsewhere/Pipfile")
    assert project.calls() == VENV + NODE_MODULES


def test_the_audits_environment_is_built_only_for_the_audit(ready: Project) -> None:
    done = ready.set_up("audit")
    assert (done.returncode, done.stdout) == (0, "")
    assert len(done.stderr.splitlines()) == 1
    assert ready.calls() == VENV_AUDIT
    assert ready.set_up("audit").stderr == ""
    assert ready.calls() == []


@pytest.mark.parametrize("change", ["a changed lock", "a lost interpreter"])
def test_the_audits_environment_is_built_again(ready: Project, change: str) -> None:
    ready.set_up("audit")
    ready.calls()
    if change == "a changed lock":
        ready.write("Pipfile.lock", "2")
        ready.set_up()
        ready.calls()
    else:
        (ready.folder / ".venv-audit/bin/python").unlink()
    ready.set_up("audit")
    assert ready.calls() == VENV_AUDIT


@pytest.mark.parametrize("step", ["requirements", "install"])
def test_an_audits_environment_without_its_tools_is_built_again(ready: Project, step: str) -> None:
    done = ready.set_up("audit", FAILING=step)
    assert done.returncode == 1
    ready.calls()
    assert ready.set_up("audit").returncode == 0
    assert ready.calls() == VENV_AUDIT


def test_the_users_own_aws_is_not_shadowed(project: Project) -> None:
    """The AWS CLI in .venv is version 1, for the local system; it is not on any PATH."""
    stub = project.folder / "stubs/python3"
    stub.write_text(PYTHON.replace("esac\n", "esac\n[ $3 != sync ] || : >.venv/bin/aws\n", 1))
    assert project.set_up().returncode == 0
    assert not (project.folder / ".venv/bin/aws").exists()
    assert (project.folder / ".venv/aws-cli/aws").exists()
