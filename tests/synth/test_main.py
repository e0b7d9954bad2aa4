"""``python main.py``, as cdktf and ``make synth`` run it."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import pytest

from stacks.settings import checked
from tests import shipped
from tests.synth.template import Template

WARNING = "Warning: DataVaultingStack: The client runs Amazon Linux 2, whose support ended"


@pytest.fixture(scope="module")
def clone(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone of the project, with other file times and leftovers of Python, as on another machine."""
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
    """Run Python in the clone, in an environment in which nothing else is set."""
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
    """Return the output of a synthesis in the clone, with other values in cdktf-cli's context."""
    done = run(clone, "main.py", CDKTF_CONTEXT_JSON=json.dumps({"expiryDays": 99}))
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def synthesised(clone: Path, ended: str) -> Path:
    """Return the clone's ``cdktf.out`` after the synthesis."""
    return clone / "cdktf.out"


def tree(folder: Path) -> dict[str, str]:
    """Return the path and digest of every file."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_clone_on_another_machine_synthesises_the_same(
    synthesised: Path, dev_stacks: Mapping[str, Template]
) -> None:
    """The context of cdktf-cli has no effect: settings have exactly two sources."""
    for name, stack in dev_stacks.items():
        assert tree(synthesised / "stacks" / name) == tree(stack.folder)


def test_it_is_synthesised_where_cdktf_looks_for_it(synthesised: Path) -> None:
    """``cdktf deploy`` reads the names of stacks from this file."""
    manifest = json.loads((synthesised / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(manifest["stacks"]) == [
        "DataVaultingStack",
        "EventProcessingStack",
        "FileShareStack",
        "StateBackendStack",
    ]


def test_the_package_of_the_provider_only_imports_its_modules() -> None:
    """So a module does the same without the others, whose import takes ten seconds."""
    spec = PathFinder.find_spec("cdktf_cdktf_provider_aws")
    assert spec is not None
    assert spec.origin is not None
    _, *body = ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body  # after its docstring
    plain = ast.Import | ast.ImportFrom | ast.Assign | ast.FunctionDef
    others = [ast.unparse(each) for each in body if not isinstance(each, plain)]
    assert others == ["publication.publish()"]  # it hides names that are not in __all__


def test_only_the_used_modules_of_the_provider_are_imported(dev: Template) -> None:
    """All 2,135 modules would take those ten seconds; this synthesises every stack."""
    imported = [name for name in sys.modules if name.startswith("cdktf_cdktf_provider_aws.")]
    assert 20 < len(imported) < 120


def test_the_environment_is_printed(ended: str) -> None:
    assert ended.startswith("Synthesised the environment dev to cdktf.out.\n")


def test_an_unsupported_system_causes_a_warning_and_is_deployed(ended: str) -> None:
    """It is the default, because the workshop specifies it."""
    assert WARNING in ended


def warnings_of(**chosen: Any) -> str:
    """Return the lines that ``main.py`` prints as warnings of an environment with *chosen* settings."""
    from cdktf import App

    from stacks.all_stacks import define_stacks, warnings

    app = App()
    define_stacks(app, checked({**shipped.DEFAULTS, **chosen}))
    return "\n".join(f"Warning: {each}" for each in warnings(app))


def test_a_supported_system_causes_no_warning() -> None:
    assert WARNING in warnings_of()
    assert WARNING not in warnings_of(clientOperatingSystem="amazon-linux-2023")


def test_a_guessable_state_bucket_causes_a_warning(ended: str) -> None:
    """The bootstrap refuses such a bucket."""
    assert "StateBackendStack: The name of the state's bucket, vault-dev-terraform-state," in ended


@pytest.mark.parametrize(
    ("chosen", "warned"),
    [({}, True), ({"notifyEmails": ["a@example.com"]}, False)],
    ids=["nobody", "somebody"],
)
def test_kept_data_of_which_nobody_is_notified_is_warned_of(
    chosen: dict[str, Any], warned: bool
) -> None:
    found = warnings_of(preventDestroy=True, **chosen)
    assert ("set notifyEmails or alarmTopicArn" in found) is warned


def test_bad_settings_are_reported_a_line_each(clone: Path) -> None:
    """Nothing else is printed: no traceback, no message of Node. The exit status is 1."""
    bad = {"environmentName": "Bad!", "reconcileCountIterations": 961, "expiryDay": 3}
    (clone / "environments" / "bad.json").write_text(json.dumps(bad), encoding="utf-8")
    ended = run(clone, "main.py", VAULT_ENV="bad")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "The settings cannot be used:",
        "expiryDay is not a setting: did you mean expiryDays?",
        (
            'environmentName is "Bad!": it must be 2 to 16 of a-z, 0-9 and hyphen, a letter first;'
            " it must not begin with aws or ssm"
        ),
        "reconcileCountIterations is 961: it must be a whole number from 2 to 960",
    ]


def test_an_unknown_environment_is_reported_with_the_known_ones(clone: Path) -> None:
    """A typing mistake must not deploy the default environment."""
    ended = run(clone, "main.py", VAULT_ENV="prd")
    assert ended.returncode == 1
    assert "VAULT_ENV (for make: ENV) is 'prd'" in ended.stderr
    assert "prod" in ended.stderr
    assert "Traceback" not in ended.stderr
