"""The Makefile's options, in a folder where stubs stand for the commands that it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUBS = {
    "tools/prerequisites.sh": "",
    "tools/setup.sh": "",
    ".venv/bin/python": 'echo "${VAULT_ENV-no environment}: $*"',
    ".venv/bin/sgvault": 'echo "${VAULT_ENV-no environment}: sgvault $*"',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name, body in STUBS.items():
        stub = tmp_path / name
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text(f"#!/bin/sh\n{body}\n")
        stub.chmod(0o755)
    return tmp_path


def make(folder: Path, *words: str, **variables: str) -> tuple[int, str, str]:
    done = subprocess.run(
        ["make", "-s", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "target", ["synth", "plan", "deploy", "preflight", "local-up", "reconcile"]
)
def test_an_environment_in_the_shells_env_is_refused(folder: Path, target: str) -> None:
    status, printed, error = make(folder, target, "SET=s", ENV="prod")
    assert (status, printed) == (2, "")
    assert "ENV is 'prod' in the shell, where it selects nothing" in error
    assert f"write make {target} ENV=prod, or set VAULT_ENV" in error


@pytest.mark.parametrize(
    ("words", "variables", "environment"),
    [
        (["ENV=prod"], {}, "prod"),
        (["ENV=prod"], {"ENV": "dev"}, "prod"),
        ([], {"VAULT_ENV": "prod"}, "prod"),
        ([], {"VAULT_ENV": "prod", "ENV": "dev"}, "prod"),
        ([], {"ENV": "/home/me/.shinit"}, "no environment"),
        ([], {"ENV": ""}, "no environment"),
    ],
)
def test_the_command_line_or_vault_env_selects_the_environment(
    folder: Path, words: list[str], variables: dict[str, str], environment: str
) -> None:
    """A shell's own ENV is the path of its startup file."""
    assert make(folder, "synth", *words, **variables) == (0, f"{environment}: main.py\n", "")


def test_env_in_the_shell_does_not_stop_a_command_without_environment(folder: Path) -> None:
    assert make(folder, "local-down", ENV="prod")[0] == 0


@pytest.mark.parametrize(
    ("option", "remedy"),
    [
        ("NEW=no", "NEW is 'no': write NEW=yes, or leave it out"),
        ("SHORT=0", "SHORT is '0': write SHORT=yes, or leave it out"),
        ("YES=n", "YES is 'n': write YES=1, or leave it out"),
        ("LOCK=yes", "LOCK is 'yes': write LOCK=no, or leave it out"),
        ("FORMAT=jsn", "FORMAT is 'jsn': write FORMAT=json, or leave it out"),
    ],
)
def test_another_value_of_an_option_that_has_only_one_is_refused(
    folder: Path, option: str, remedy: str
) -> None:
    status, printed, error = make(folder, "vault", "DATA=a folder", option)
    assert (status, printed) == (2, "")
    assert remedy in error


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (["vault", "DATA=a b", "NEW=yes"], "local vault --data=a b --new"),
        (["vault", "DATA=a b", "NEW="], "local vault --data=a b"),
        (["local-up", "SHORT=yes"], "local up --short"),
        (["deploy", "YES=1"], "deployment deploy --yes"),
        (["deploy", "YES=yes"], "deployment deploy --yes"),
    ],
)
def test_the_one_value_of_an_option_adds_it(folder: Path, words: list[str], arguments: str) -> None:
    assert make(folder, *words) == (0, f"no environment: -m {arguments}\n", "")


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["vault"], "Name the folder: make vault DATA=folder"),
        (["vault", "DATA="], "Name the folder: make vault DATA=folder"),
        (["hold-back", "SET=a"], "Name the file: make hold-back SET=id FILE=path"),
        (["hold-back", "FILE=a"], "Name the file: make hold-back SET=id FILE=path"),
        (["release", "FILE=a"], "Name the set too: make release SET=id FILE=path"),
        (["reconcile"], "Name the set: make reconcile SET=id"),
    ],
)
def test_a_variable_that_is_missing_is_named(folder: Path, words: list[str], remedy: str) -> None:
    status, printed, error = make(folder, *words)
    assert (status, printed) == (2, "")
    assert f"{remedy}.  Stop." in error


def test_a_destroy_refuses_a_list_of_the_data_that_may_be_lost(folder: Path) -> None:
    """It would lose more than the list."""
    status, printed, error = make(folder, "destroy", "STACK=FileShareStack", "ALLOW=one")
    assert (status, printed) == (2, "")
    assert "make destroy has no ALLOW: its review lists all data that will be lost" in error


def test_the_local_plan_is_of_one_environment(folder: Path) -> None:
    status, printed, error = make(folder, "plan-local", "ENV=prod")
    assert (status, printed) == (2, "")
    assert "make plan-local plans the environment local: leave ENV out" in error


@pytest.mark.parametrize(
    ("target", "arguments"),
    [
        ("vault", "-m local vault --data=-x --set=-x --checksum=-x"),
        ("demo", "-m local demo --data=-x --set=-x --port=-x"),
        ("local-up", "-m local up --port=-x --environment=-x"),
        ("hold-back", "-m local hold-back --set=-x --file=-x"),
        ("release", "-m local release --set=-x --file=-x"),
        ("plan", "-m deployment.review --stack=-x --allow=-x"),
        ("plan-local", "-m local plan --port=-x"),
        ("preflight", "sgvault preflight --env=-x"),
        ("deploy", "-m deployment deploy --stack=-x --allow=-x"),
        ("destroy", "-m deployment destroy --stack=-x"),
        ("reconcile", "sgvault reconcile --env=-x --prefix=-x -- -x"),
        ("smoke", "sgvault smoke --env=-x"),
        ("bench", "-m tools.benchmarks --files=-x"),
        ("simulate", "-m tools.simulation --uploads=-x"),
        ("chaos", "-m tools.chaos --seed=-x --minutes=-x --plant=-x"),
    ],
)
def test_a_value_that_begins_like_an_option_stays_a_value(
    folder: Path, target: str, arguments: str
) -> None:
    names = "DATA SET CHECKSUM PORT ENV FILE STACK PREFIX FILES UPLOADS SEED MINUTES PLANT"
    names += "" if target == "destroy" else " ALLOW"
    names = names.replace(" ENV", "") if target == "plan-local" else names
    status, printed, error = make(folder, target, *(f"{name}=-x" for name in names.split()))
    assert (status, error) == (0, "")
    assert printed.partition(": ")[2] == f"{arguments}\n"


@pytest.mark.parametrize("target", ["preflight", "reconcile", "smoke"])
def test_the_environment_local_is_the_system_on_this_machine(folder: Path, target: str) -> None:
    status, printed, _ = make(folder, target, "ENV=local", "SET=any")
    assert status == 0
    assert printed.partition(": ")[2].startswith(f"sgvault {target} --local")
