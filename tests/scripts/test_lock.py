"""tools/lock.py: the problems that it reports, and the values that it removes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tools.lock import portable, problems

PIPFILE = '[packages]\nboto3 = "==1.0"\n'
PIPFILE_LOCK = portable({"_meta": {}, "default": {"boto3": {"version": "==1.0"}}}, PIPFILE)
TOOLS = {"devDependencies": {"a": "1.0.0"}}


def lock_with(package: dict[str, Any]) -> dict[str, Any]:
    return {"packages": {"": TOOLS, "node_modules/a": {"version": "1.0.0"} | package}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with correct lock files."""
    (tmp_path / "Pipfile").write_text(PIPFILE)
    write(tmp_path / "Pipfile.lock", PIPFILE_LOCK)
    write(tmp_path / "package.json", TOOLS)
    write(tmp_path / "package-lock.json", lock_with({"integrity": "sha512-0"}))
    return tmp_path


def write(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value))


def test_reports_nothing_for_correct_lock_files(project: Path) -> None:
    assert list(problems(project)) == []


@pytest.mark.parametrize("address", ["https://npm.example/a.tgz", "git+ssh://git.example/a.git"])
def test_reports_every_address_of_a_download(project: Path, address: str) -> None:
    write(project / "package-lock.json", lock_with({"resolved": address}))
    assert list(problems(project)) == [f"package-lock.json has the address {address}"]


def test_reports_the_index_in_pipfile_lock(project: Path) -> None:
    sources = [{"name": "index", "url": "https://index.example/packages"}]
    write(
        project / "Pipfile.lock",
        PIPFILE_LOCK | {"_meta": PIPFILE_LOCK["_meta"] | {"sources": sources}},
    )
    assert list(problems(project)) == [
        "Pipfile.lock has the address https://index.example/packages"
    ]


def test_ignores_a_packages_own_description(project: Path) -> None:
    remarks = {"funding": {"url": "https://a.example"}, "deprecated": "see https://b.example"}
    write(project / "package-lock.json", lock_with(remarks))
    assert list(problems(project)) == []


def test_reports_a_changed_pipfile(project: Path) -> None:
    (project / "Pipfile").write_text(PIPFILE.replace("1.0", "2.0"))
    assert list(problems(project)) == ["Pipfile.lock does not belong to Pipfile"]


def test_reports_a_changed_package_json(project: Path) -> None:
    write(project / "package.json", {"devDependencies": {"a": "2.0.0"}})
    assert list(problems(project)) == ["package-lock.json does not belong to package.json"]


def test_removes_the_index_and_its_name_beside_packages() -> None:
    source = {"name": "a", "url": "https://a.example"}
    lock = {
        "_meta": {"hash": {"sha256": "pipenv's"}, "pipfile-spec": 6, "sources": [source]},
        "default": {"boto3": {"version": "==1.0", "index": "a"}},
        "develop": {"index": {"version": "==2.0"}},
    }
    made = portable(lock, PIPFILE)
    assert made["_meta"] == {
        "hash": PIPFILE_LOCK["_meta"]["hash"],
        "pipfile-spec": 6,
        "sources": [],
    }
    assert made["default"] == {"boto3": {"version": "==1.0"}}
    assert made["develop"] == {"index": {"version": "==2.0"}}
