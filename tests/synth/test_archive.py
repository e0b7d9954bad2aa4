"""The functions' archive: the same bytes on every machine, and every module that the handlers import."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from tests.shipped import FUNCTIONS
from tests.synth.template import Block, Template

MOST_BYTES = {"handlers": 10 * 1024 * 1024, "verify_content_code": 24 * 1024 * 1024}
"""By the archive's name."""
COMPILED = "verify_content"
"""The function whose archive has compiled code, for Lambda's processor."""
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
def archives(dev: Template) -> dict[str, Path]:
    """The archive that each function's resource names."""
    functions: dict[str, Block] = dev.written["resource"]["aws_lambda_function"]
    return {
        function["handler"].split(".")[1]: dev.folder / function["filename"]
        for function in functions.values()
    }


@pytest.fixture(scope="module", params=["common", COMPILED])
def archive(request: pytest.FixtureRequest, archives: dict[str, Path]) -> Path:
    """The common archive, and the one of the function that has one of its own."""
    if request.param == COMPILED:
        return archives[COMPILED]
    (common,) = {path for name, path in archives.items() if name != COMPILED}
    return common


@pytest.fixture(scope="module")
def unpacked(
    archives: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Return the folder into which Lambda would unpack each function's archive."""
    folders = {path: tmp_path_factory.mktemp("task") for path in set(archives.values())}
    for path, folder in folders.items():
        with zipfile.ZipFile(path) as file:
            file.extractall(folder)
    return {name: folders[path] for name, path in archives.items()}


def entries(archive: Path) -> list[zipfile.ZipInfo]:
    """Return the entries in order."""
    with zipfile.ZipFile(archive) as file:
        return file.infolist()


def test_a_second_synth_makes_the_same_bytes(archive: Path, prod: Template) -> None:
    """Otherwise every deployment would update every function."""
    (again,) = (prod.folder / "assets").rglob(archive.name)
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


def test_compiled_code_is_apart(archive: Path) -> None:
    """It is for one processor and one Python version, and Lambda's differ from the developer's."""
    names = [entry.filename for entry in entries(archive)]
    apart = {name for name in names if name.startswith("arm64/")}
    suffixes = {PurePosixPath(name).suffix for name in names if name not in apart}
    assert suffixes <= {".py", ".json", ".gz", ".pem"}
    compiled = {name for name in apart if not name.endswith(".py")}
    assert compiled == ({"arm64/_awscrt.abi3.so"} if COMPILED in archive.name else set())


def test_the_archive_has_the_handlers_and_no_other_part_of_the_project(
    archive: Path, root: Path
) -> None:
    """Every module, under its package's name."""
    names = {entry.filename for entry in entries(archive)}
    handlers = {path.relative_to(root).as_posix() for path in (root / "handlers").rglob("*.py")}
    assert {name for name in names if name.startswith("handlers/")} == handlers
    assert {name.partition("/")[0] for name in names} - {"arm64"} == {
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
    from stacks.constructs.handlers_archive import services

    models = {
        PurePosixPath(entry.filename).parts[2]
        for entry in entries(archive)
        if entry.filename.startswith("botocore/data/") and entry.filename.count("/") > 2
    }
    assert models == services()
    assert models >= {"dynamodb", "events", "s3", "xray"}


def test_the_archive_is_small(archive: Path) -> None:
    """Lambda accepts 50 MB directly, and a cold start reads the whole archive."""
    (most,) = (most for name, most in MOST_BYTES.items() if name in archive.name)
    assert archive.stat().st_size < most


def test_each_function_changes_with_the_archive(dev: Template) -> None:
    """Terraform does not notice a changed file under the same name."""
    for function in dev.resources("aws_lambda_function").values():
        assert function["source_code_hash"] == f'${{filebase64sha256("{function["filename"]}")}}'


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_starts_with_only_the_archive(
    dev: Template, unpacked: dict[str, Path], name: str
) -> None:
    """Pitfall 59: Lambda's runtime has an SDK, too, which changes without notice."""
    function, task = dev.resource(f"aws_lambda_function.{name}"), unpacked[name]
    variables = {
        **function["environment"]["variables"],
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": function["function_name"],
        "LAMBDA_TASK_ROOT": str(task),  # so Powertools knows that it is in Lambda: it traces
    }
    module, _, _ = function["handler"].rpartition(".")
    started = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", IMPORT, task, module],
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
    assert all(Path(seen["files"][package]).is_relative_to(task) for package in packages)
