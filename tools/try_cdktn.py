"""Try CDK Terrain, the community's continuation of CDKTF: synthesise a copy of the project with it.

The copy and its environment are in a temporary folder; this project does not change. The output is
every value of the Terraform JSON that differs. The trial needs the package index.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import venv
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tools.synthesis import ROOT, synthesise

PACKAGES = ("cdktn==0.24.0", "cdktn-provider-aws==25.8.1")
LEFT = shutil.ignore_patterns(".*", "__pycache__", "build", "cdktf.out", "node_modules")
RENAMED = (
    (re.compile(r"\bcdktf_cdktf_provider_aws\b"), "cdktn_provider_aws"),
    (re.compile(r"^(\s*(?:from|import)) cdktf\b", re.MULTILINE), r"\1 cdktn"),
)


def rewritten(source: str) -> str:
    """Return Python *source* with CDK Terrain's packages in place of CDKTF's."""
    for pattern, replacement in RENAMED:
        source = pattern.sub(replacement, source)
    return source


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each value that differs, and both values."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            yield from differences(ours.get(key), theirs.get(key), f"{path}.{key}" if path else key)
    elif ours != theirs:
        yield f"{path}: {json.dumps(ours)} -> {json.dumps(theirs)}"


def ported(folder: Path) -> Path:
    """Copy the project to *folder*, and rewrite the imports there."""
    shutil.copytree(ROOT, folder, ignore=LEFT)
    for path in folder.rglob("*.py"):
        path.write_text(rewritten(path.read_text()))
    return folder


def install(folder: Path) -> Path:
    """Create an environment with CDK Terrain and the libraries of the archive; return its Python."""
    from stacks.constructs.handlers_archive import LIBRARIES

    venv.create(folder, with_pip=True)
    pip = (str(folder / "bin/pip"), "-qq", "--disable-pip-version-check", "install")
    subprocess.run([*pip, *PACKAGES], check=True)
    libraries = [f"{library}=={version(library)}" for library in LIBRARIES]
    subprocess.run([*pip, "--no-deps", *libraries], check=True)
    return folder / "bin/python"


def main() -> None:
    """Print the differences; if the synthesis fails, raise its error."""
    with TemporaryDirectory(prefix="cdktn-") as temporary:
        folder = Path(temporary)
        ours = synthesise(folder / "ours")
        python = install(folder / "venv")
        theirs = synthesise(folder / "theirs", root=ported(folder / "ported"), python=python)
    for stack in sorted({*ours, *theirs}):
        found = list(differences(ours.get(stack), theirs.get(stack)))
        print(f"{stack}: {len(found)} values differ", *found, sep="\n  ")


if __name__ == "__main__":
    main()
