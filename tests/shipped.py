"""The settings and the functions as the project ships them.

A deployer writes an account, a region, a bucket and a topic into the settings. These values must
break no test and no snapshot, so they are removed here.
"""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copyfile
from typing import Any

from stacks.settings import Settings, checked

ROOT = Path(__file__).parents[1]
FUNCTIONS = sorted(path.stem for path in (ROOT / "handlers").glob("[!_]*.py"))
"""A file in ``handlers`` is a function."""
STACKS = ("StateBackendStack", "EventProcessingStack", "DataVaultingStack", "FileShareStack")
"""All stacks. Tests are collected with these names: the classes start the JavaScript of CDKTF."""
DEPLOYERS_OWN: dict[str, Any] = {
    "stacksAccountId": None,
    "stacksRegion": None,
    "stateBucketName": None,
    "alarmTopicArn": None,
    "tags": {},
}


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


DEFAULTS: dict[str, Any] = {
    **_read(ROOT / "cdktf.json")["context"],
    **DEPLOYERS_OWN,
}
"""The context of cdktf.json."""
ENVIRONMENTS: dict[str, dict[str, Any]] = {
    path.stem: {key: value for key, value in _read(path).items() if key not in DEPLOYERS_OWN}
    for path in sorted((ROOT / "environments").glob("*.json"))
}
"""The settings that each environment overrides."""


def settings(environment: str = "dev") -> Settings:
    """Return the settings of an environment."""
    return checked({**DEFAULTS, **ENVIRONMENTS[environment]})


def write(folder: Path) -> Path:
    """Write ``cdktf.json`` and ``environments`` into *folder*, for code that reads the files."""
    (folder / "environments").mkdir()
    copyfile(ROOT / "environments" / "__init__.py", folder / "environments" / "__init__.py")
    files = {"cdktf": {**_read(ROOT / "cdktf.json"), "context": DEFAULTS}}
    files |= {f"environments/{name}": given for name, given in ENVIRONMENTS.items()}
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder
