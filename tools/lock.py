"""Resolve both lock files again, without the address of a registry; or check them.

A user of the lock files may have another index or a mirror, which the settings of pip and npm name.
pipenv locks for its own Python version and newer ones, so the oldest supported version is used.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
REMARKS = {"deprecated", "funding"}
"""Keys that npm copies from a package's own description; npm downloads nothing from their addresses."""


def resolve(root: Path) -> None:
    """Write both lock files, resolved in a new folder without the old lock files and .venv."""
    if sys.version_info[:2] != OLDEST_PYTHON:
        sys.exit("Lock with the oldest Python supported: make lock PYTHON=python3.11")
    with TemporaryDirectory() as folder:
        clean = Path(folder)
        for name in ("Pipfile", "package.json", ".npmrc"):
            shutil.copy(root / name, clean)
        pipenv = [str(root / "tools/pipenv.sh"), "--python", sys.executable]
        subprocess.run([*pipenv, "lock"], cwd=clean, check=True)
        subprocess.run(["npm", "install", "--package-lock-only"], cwd=clean, check=True)
        pipfile_lock = portable(_read(clean / "Pipfile.lock"), (clean / "Pipfile").read_text())
        (root / "Pipfile.lock").write_text(json.dumps(pipfile_lock, indent=4) + "\n")
        shutil.copy(clean / "package-lock.json", root)


def portable(pipfile_lock: dict[str, Any], pipfile: str) -> dict[str, Any]:
    """Return *pipfile_lock* without the values that pipenv takes from the user's pip settings.

    These are the index, its name beside packages, and a hash of Pipfile and index.
    """
    meta = pipfile_lock["_meta"] | {"hash": {"sha256": _digest(pipfile)}, "sources": []}
    groups = {
        group: {
            name: {key: value for key, value in package.items() if key != "index"}
            for name, package in packages.items()
        }
        for group, packages in pipfile_lock.items()
        if group != "_meta"
    }
    return {"_meta": meta} | groups


def problems(root: Path) -> Iterator[str]:
    """Yield the problems of the lock files of the project in *root*."""
    pipfile_lock, package_lock = _read(root / "Pipfile.lock"), _read(root / "package-lock.json")
    for name, lock in {"Pipfile.lock": pipfile_lock, "package-lock.json": package_lock}.items():
        for address in _addresses(lock):
            yield f"{name} has the address {address}"
    if pipfile_lock["_meta"]["hash"]["sha256"] != _digest((root / "Pipfile").read_text()):
        yield "Pipfile.lock does not belong to Pipfile"
    wanted, locked = _read(root / "package.json"), package_lock["packages"][""]
    if wanted["devDependencies"] != locked["devDependencies"]:
        yield "package-lock.json does not belong to package.json"


def _addresses(lock: Any) -> Iterator[str]:
    if isinstance(lock, dict):
        for key, value in lock.items():
            if key not in REMARKS:
                yield from _addresses(value)
    elif isinstance(lock, list):
        for value in lock:
            yield from _addresses(value)
    elif isinstance(lock, str) and "://" in lock:
        yield lock


def _digest(pipfile: str) -> str:
    return sha256(pipfile.encode()).hexdigest()


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="check only, and resolve nothing")
    if not parser.parse_args().check:
        resolve(ROOT)
    elif found := list(problems(ROOT)):
        sys.exit("\n".join([*found, "Remedy: make lock"]))


if __name__ == "__main__":
    main()
