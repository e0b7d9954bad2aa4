"""The environments. Each has a file of settings; the variable ``VAULT_ENV`` selects one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "VAULT_ENV"
DEFAULT = "dev"
NAME = re.compile(r"[a-z][a-z0-9-]*")


class UnknownEnvironmentError(LookupError):
    """No environment has this name; the text lists the existing ones."""


def chosen(variables: Mapping[str, str]) -> str:
    """Return the name in *variables*, or the default name; neither is checked."""
    return variables.get(VARIABLE) or DEFAULT


def settings_file(root: Path, name: str) -> Path:
    """Return the file of the environment *name* of the project in *root*.

    Raises:
        UnknownEnvironmentError: There is no such file, or *name* is not the name of an environment.
    """
    folder = root / "environments"
    files = {path.stem: path for path in folder.glob("*.json")}
    names = sorted(filter(NAME.fullmatch, files))
    if name in names:
        return files[name]
    remedy = f"set it to one of {', '.join(names)}"
    if name in files:
        remedy = f"rename environments/{name}.json to a name of a-z, 0-9 and hyphen, or {remedy}"
    raise UnknownEnvironmentError(f"{VARIABLE} (for make: ENV) is {name!r}: {remedy}")
