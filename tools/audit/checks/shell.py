"""shellcheck on every shell script of the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tools.audit import tools
from tools.audit.audited import Audited
from tools.audit.errors import AuditError
from tools.audit.violation import Violation


def find(audited: Audited) -> Iterator[Violation]:
    """Yield all that shellcheck has to say, its matters of style too."""
    scripts = [name for name in audited.files if is_script(audited.root / name)]
    if not scripts:
        raise AuditError("There is no shell script where there should be some")
    answer = tools.run(
        tools.VENV / "shellcheck",
        *("--external-sources", "--source-path=SCRIPTDIR", "--format=json1", "--", *scripts),
        cwd=audited.root,
        succeeds=(0, 1),
    )
    yield from comments(answer)


def is_script(path: Path) -> bool:
    """Tell by its ending or by its first line."""
    if path.suffix in {".sh", ".bash", ".bats"}:
        return True
    if path.suffix:
        return False
    with path.open("rb") as file:
        return file.readline(80).startswith((b"#!/usr/bin/env bash", b"#!/bin/sh", b"#!/bin/bash"))


def comments(answer: str) -> Iterator[Violation]:
    """Yield what shellcheck's *answer* says, in the order of files and lines."""
    for said in json.loads(answer)["comments"]:
        yield Violation(f"{said['file']}:{said['line']}", f"SC{said['code']}: {said['message']}")
