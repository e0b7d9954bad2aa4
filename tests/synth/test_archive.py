"""The functions' archive: the same bytes on every machine, and every module that the handlers import."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from stacks.constructs.handlers_archive import services
from tests.synth.template import Block, Template

MOST_BYTES = 10 * 1024 * 1024
IMPORT = """
import importlib, json, sys
archive, name = sys.argv[1:]
sys.path.insert(0, archive)
handler = importlib.import_module(name).handler
from botocore.httpsession import where
open(where()).close()
files = {each: getattr(module, "__file__", None) for each, module in sys.modules.items()}
print(json.dumps({"callable": callable(handler), "path": sys.path, "files": files}))
"""


@pytest.fixture(scope="module")
def archive(dev: Template) -> Path:
    """Return the archive that the functions' resources name."""
    functions: dict[str, Block] = dev.written["resource"]["aws_lambda_function"]
    (name,) = {str(function["filename"]) for function in functions.values()}
    return dev.folder / name


@pytest.fixture(scope="module")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder into which Lambda would unpack the archive."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    return folder


def entries(archive: Path) -> list[zipfile.ZipInfo]:
    """Return the entries in order."""
    with zipfile.ZipFile(archive) as file:
        return file.infolist()


def test_a_second_synth_makes_the_same_bytes(archive: Path, prod: Template) -> None:
    """Otherwise every deployment would update every function."""
    (again,) = (prod.folder / "assets").rglob("*.zip")
    assert again.read_bytes() == archive.read_bytes()


def test_nothing_in_the_archive_depends_on_the_machine(archive: Path) -> None:
    """Order, times, permissions and compression are fixed."""
    described = {
        (entry.date_time, entry.external_attr >> 16, entry.create_system, entry.compress_type)
        for entry in entries(archive)
    }
    assert described == {((1980, 1, 1, 0, 0, 0), 0o644, 3, zipfile.ZIP_STORED)}
    names = [entry.filename for entry in entries(archive)]
    assert names == sorted(set(names))


def test_the_archive_has_no_compiled_code(archive: Path) -> None:
    """Compiled code is for one processor and one Python version, and Lambda's differ from the developer's."""
    suffixes = {PurePosixPath(entry.filename).suffix for entry in entries(archive)}
    assert suffixes <= {".py", ".json", ".gz", ".pem"}


def test_the_archive_has_the_handlers_and_no_other_part_of_the_project(
    archive: Path, root: Path
) -> None:
    """Every module, under its package's name."""
    names = {entry.filename for entry in entries(archive)}
    handlers = {path.relative_to(root).as_posix() for path in (root / "handlers").rglob("*.py")}
    assert {name for name in names if name.startswith("handlers/")} == handlers
    assert {name.partition("/")[0] for name in names} == {
        "aws_lambda_powertools",
        "aws_xray_sdk",
        "boto3",
        "botocore",
        "dateutil",
        "handlers",
        "jmespath",
        "s3transfer",
        "six.py",
        "typing_extensions.py",
        "urllib3",
        "wrapt",
    }


def test_the_archive_has_only_the_models_of_the_services_in_use(archive: Path) -> None:
    """All of botocore's models would be twice the size that Lambda accepts directly."""
    models = {
        PurePosixPath(entry.filename).parts[2]
        for entry in entries(archive)
        if entry.filename.startswith("botocore/data/") and entry.filename.count("/") > 2
    }
    assert models == services()
    assert models >= {"dynamodb", "events", "s3", "xray"}


def test_the_archive_is_small(archive: Path) -> None:
    """Lambda accepts 50 MB directly, and a cold start reads the whole archive."""
    assert archive.stat().st_size < MOST_BYTES


def test_each_function_changes_with_the_archive(dev: Template) -> None:
    """Terraform does not notice a changed file under the same name."""
    for function in dev.resources("aws_lambda_function").values():
        assert function["source_code_hash"] == f'${{filebase64sha256("{function["filename"]}")}}'


@pytest.mark.parametrize(
    "name",
    [
        "classify_upload",
        "record_upload",
        "reconcile_iterator",
        "reconcile_check",
        "reconcile_notify",
        "sweep_sets",
    ],
)
def test_a_function_starts_with_only_the_archive(dev: Template, unpacked: Path, name: str) -> None:
    """Pitfall 59: Lambda's runtime has an SDK, too, which changes without notice."""
    function = dev.resource(f"aws_lambda_function.{name}")
    variables = {
        **function["environment"]["variables"],
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": function["function_name"],
        "LAMBDA_TASK_ROOT": str(unpacked),  # so Powertools knows that it is in Lambda: it traces
    }
    module, _, _ = function["handler"].rpartition(".")
    started = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", IMPORT, unpacked, module],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    seen = json.loads(started.stdout)
    assert seen["callable"]
    assert not [folder for folder in seen["path"] if "site-packages" in folder]
    packages = {"botocore", "aws_lambda_powertools", "aws_xray_sdk", "wrapt", "handlers"}
    assert all(Path(seen["files"][package]).is_relative_to(unpacked) for package in packages)
