"""The licences of all installed packages, and of the packages in the Lambda archive."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from tools.audit import tools
from tools.audit.audited import Audited
from tools.audit.licences import Package, objections
from tools.audit.violation import Violation

OURS = "handlers/"
COMPILED = "arm64/"
"""The folder of packages for Lambda's processor: the same packages as are installed here."""


def find(audited: Audited) -> Iterator[Violation]:
    """Yield packages whose licence is not accepted."""
    ours = list(installed(tools.VENV / "python", ".venv"))
    lock = json.loads((audited.root / "package-lock.json").read_text(encoding="utf-8"))
    packages = [
        *ours,
        *installed(tools.VENV_AUDIT / "python", ".venv-audit"),
        *locked(lock),
        *shipped(archives(audited), ours),
    ]
    yield from objections(packages)


def installed(python: Path, origin: str) -> Iterator[Package]:
    """Yield the packages installed for *python*, also python itself and pip."""
    answer = tools.run(
        tools.VENV / "pip-licenses",
        *("--python", python, "--with-system", "--from=mixed", "--format=json"),
    )
    for entry in json.loads(answer):
        yield Package(entry["Name"], entry["License"].replace("UNKNOWN", ""), origin)


def locked(lock: Mapping[str, Any]) -> Iterator[Package]:
    """Yield the packages of a package-lock.json."""
    for path, package in lock["packages"].items():
        if path:
            name = path.rpartition("node_modules/")[2]
            yield Package(name, str(package.get("license", "")), "node_modules")


def archives(audited: Audited) -> list[str]:
    """List the files in the Lambda archives of the stacks."""
    names: set[str] = set()
    for path in [path for stack in audited.stacks for path in stack.folder.glob("assets/**/*.zip")]:
        with zipfile.ZipFile(path) as archive:
            names.update(archive.namelist())
    return sorted(names)


def shipped(names: Collection[str], installed_packages: Collection[Package]) -> Iterator[Package]:
    """Yield the packages that the files *names* belong to; a file of no package is yielded by its name."""
    licences = {_canonical(each.name): each.licence for each in installed_packages}
    owners: dict[str, str] = {}
    for distribution in distributions():
        name = distribution.name  # reads a file
        owners |= {str(file): name for file in distribution.files or ()}
    found = {
        owners.get(name.removeprefix(COMPILED), name) for name in names if not name.startswith(OURS)
    }
    for name in found:
        yield Package(name, licences.get(_canonical(name), ""), "the Lambda archive", ships=True)


def _canonical(name: str) -> str:
    """https://packaging.python.org/en/latest/specifications/name-normalization/"""
    return name.lower().replace("_", "-").replace(".", "-")
