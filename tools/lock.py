"""Resolve both lock files anew, without the address of any registry; or check that they are sound.

Whoever installs from the lock files may use another index or a mirror: the settings of pip and npm
name it. pipenv locks for the Python that runs it and for newer ones, hence by the oldest.
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
"""What npm copies from a package's own description: nothing is fetched from there."""


def resolve(root: Path) -> None:
    """Write both lock files, resolved where neither the old ones nor .venv have a say."""
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
    """Return *pipfile_lock* without what pipenv takes from the pip settings of whoever locks.

    That is the index, its name beside packages, and a hash made of Pipfile and index together.
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
    """Yield what is wrong with the lock files of the project in *root*."""
    pipfile_lock, package_lock = _read(root / "Pipfile.lock"), _read(root / "package-lock.json")
    for name, lock in {"Pipfile.lock": pipfile_lock, "package-lock.json": package_lock}.items():
        for address in _addresses(lock):
            yield f"{name} names {address}"
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
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="resolve nothing, only look")
    if not parser.parse_args().check:
        resolve(ROOT)
    elif found := list(problems(ROOT)):
        sys.exit("\n".join([*found, "Remedy: make lock"]))


if __name__ == "__main__":
    main()
