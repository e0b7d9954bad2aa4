"""The environments. Each has a file of settings; the variable ``VAULT_ENV`` selects one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "VAULT_ENV"
DEFAULT = "dev"


class UnknownEnvironmentError(LookupError):
    """No environment has this name; the text names those that there are."""


def chosen(variables: Mapping[str, str]) -> str:
    """Return the name in *variables*, or the default's. Nobody has checked it yet."""
    return variables.get(VARIABLE) or DEFAULT


def settings_file(root: Path, name: str) -> Path:
    """Return the file of the environment *name* of the project in *root*.

    Raises:
        UnknownEnvironmentError: There is none; a path is no name.
    """
    folder = root / "environments"
    path = folder / f"{name}.json"
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name) or not path.is_file():
        names = ", ".join(sorted(path.stem for path in folder.glob("*.json")))
        raise UnknownEnvironmentError(f"{VARIABLE} is {name!r}: set it to one of {names}")
    return path
