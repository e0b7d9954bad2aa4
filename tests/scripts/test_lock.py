"""tools/lock.py: what it objects to in lock files, and what it takes out of one."""

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
    """A project whose lock files are sound."""
    (tmp_path / "Pipfile").write_text(PIPFILE)
    write(tmp_path / "Pipfile.lock", PIPFILE_LOCK)
    write(tmp_path / "package.json", TOOLS)
    write(tmp_path / "package-lock.json", lock_with({"integrity": "sha512-0"}))
    return tmp_path


def write(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value))


def test_has_nothing_against_sound_lock_files(project: Path) -> None:
    assert list(problems(project)) == []


@pytest.mark.parametrize("address", ["https://npm.example/a.tgz", "git+ssh://git.example/a.git"])
def test_names_every_address_to_fetch_from(project: Path, address: str) -> None:
    write(project / "package-lock.json", lock_with({"resolved": address}))
    assert list(problems(project)) == [f"package-lock.json names {address}"]


def test_names_the_index_in_pipfile_lock(project: Path) -> None:
    sources = [{"name": "index", "url": "https://index.example/simple"}]
    write(
        project / "Pipfile.lock",
        PIPFILE_LOCK | {"_meta": PIPFILE_LOCK["_meta"] | {"sources": sources}},
    )
    assert list(problems(project)) == ["Pipfile.lock names https://index.example/simple"]


def test_leaves_alone_what_a_package_says_of_itself(project: Path) -> None:
    remarks = {"funding": {"url": "https://a.example"}, "deprecated": "see https://b.example"}
    write(project / "package-lock.json", lock_with(remarks))
    assert list(problems(project)) == []


def test_notices_a_pipfile_that_changed(project: Path) -> None:
    (project / "Pipfile").write_text(PIPFILE.replace("1.0", "2.0"))
    assert list(problems(project)) == ["Pipfile.lock does not belong to Pipfile"]


def test_notices_a_package_json_that_changed(project: Path) -> None:
    write(project / "package.json", {"devDependencies": {"a": "2.0.0"}})
    assert list(problems(project)) == ["package-lock.json does not belong to package.json"]


def test_takes_out_the_index_and_its_name_beside_packages() -> None:
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
