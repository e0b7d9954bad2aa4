"""``python main.py``, as cdktf and ``make synth`` run it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import shipped
from tests.synth.template import Template

WARNING = "Warning: DataVaultingStack: The client runs Amazon Linux 2, whose support ended"
EAGER = """
import runpy, sys
import cdktf_cdktf_provider_aws
sys.path.insert(0, ".")
runpy.run_path("main.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def clone(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the project on another machine: other times, and leavings of its Python."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copyfile(root / "main.py", shipped.write(folder) / "main.py")
    for name in ("stacks", "handlers", "scripts"):
        shutil.copytree(root / name, folder / name, copy_function=shutil.copyfile)
    cache = folder / "handlers" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "events.cpython-313.pyc").write_bytes(b"compiled")
    for path in folder.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return folder


def run(clone: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the clone, with an environment in which nothing else is chosen."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "CDKTF_", "VAULT_", "PYTHON"))
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=clone,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def ended(clone: Path) -> str:
    """What is printed where the clone is synthesised, and cdktf-cli has other ideas of the context."""
    done = run(clone, "main.py", CDKTF_CONTEXT_JSON=json.dumps({"expiryDays": 99}))
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def synthesised(clone: Path, ended: str) -> Path:
    """The clone's ``cdktf.out``, which is there once that was printed."""
    return clone / "cdktf.out"


def tree(folder: Path) -> dict[str, str]:
    """Return every file's path and digest."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_clone_on_another_machine_synthesises_the_same(
    synthesised: Path, dev_stacks: Mapping[str, Template]
) -> None:
    """Whatever cdktf-cli puts into the context: settings have two sources, and no third."""
    for name, stack in dev_stacks.items():
        assert tree(synthesised / "stacks" / name) == tree(stack.folder)


def test_it_is_synthesised_where_cdktf_looks_for_it(synthesised: Path) -> None:
    """``cdktf deploy`` names stacks by this file."""
    manifest = json.loads((synthesised / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(manifest["stacks"]) == [
        "DataVaultingStack",
        "EventProcessingStack",
        "FileShareStack",
        "StateBackendStack",
    ]


@pytest.mark.slow
def test_importing_the_provider_lazily_changes_nothing(clone: Path, synthesised: Path) -> None:
    """It only saves ten seconds."""
    ended = run(clone, "-c", EAGER, CDKTF_OUTDIR="eager.out")
    assert ended.returncode == 0, ended.stderr
    # The manifest beside the stacks says where in CDKTF a warning was raised.
    assert tree(clone / "eager.out" / "stacks") == tree(synthesised / "stacks")


def test_only_what_is_used_of_the_provider_is_imported() -> None:
    """All of its 2,135 modules take those ten seconds; here every stack is synthesised."""
    imported = [name for name in sys.modules if name.startswith("cdktf_cdktf_provider_aws.")]
    assert 20 < len(imported) < 120


def test_a_system_without_support_is_warned_of_and_deployed_all_the_same(ended: str) -> None:
    """The workshop specifies it, so that it is the default."""
    assert WARNING in ended


def test_of_a_system_with_support_nothing_is_reported(clone: Path) -> None:
    chosen = {"environmentName": "other", "clientOperatingSystem": "amazon-linux-2023"}
    (clone / "environments" / "other.json").write_text(json.dumps(chosen), encoding="utf-8")
    ended = run(clone, "main.py", VAULT_ENV="other", CDKTF_OUTDIR="other.out")
    assert ended.returncode == 0, ended.stderr
    assert WARNING not in ended.stdout


def test_a_state_bucket_that_anybody_may_name_is_warned_of(ended: str) -> None:
    """Before the bootstrap refuses it."""
    assert "StateBackendStack: The name of the state's bucket, vault-dev-terraform-state," in ended


def test_bad_settings_are_reported_a_line_each(clone: Path) -> None:
    """And nothing else is: no traceback, no Node; exit status 1."""
    bad = {"environmentName": "Bad!", "reconcileCountIterations": 961, "expiryDay": 3}
    (clone / "environments" / "bad.json").write_text(json.dumps(bad), encoding="utf-8")
    ended = run(clone, "main.py", VAULT_ENV="bad")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "The settings cannot be used:",
        "expiryDay is no setting: did you mean expiryDays?",
        (
            'environmentName is "Bad!": it must be 2 to 16 of a-z, 0-9 and hyphen, a letter first,'
            " but not aws or ssm, which SSM refuses"
        ),
        "reconcileCountIterations is 961: it must be a whole number from 2 to 960",
    ]


def test_an_environment_that_is_not_there_is_reported_with_those_that_are(clone: Path) -> None:
    """A typing mistake must not deploy the default one."""
    ended = run(clone, "main.py", VAULT_ENV="prd")
    assert ended.returncode == 1
    assert "VAULT_ENV is 'prd'" in ended.stderr
    assert "prod" in ended.stderr
    assert "Traceback" not in ended.stderr
