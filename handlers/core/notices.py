"""An event as a sentence for a person, with the operator's command for details.

EventBridge puts both between the quotation marks of an input template, without escaping:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from handlers.core.naming import SetFolder

UNSAFE = '"\\<>'
"""Characters that would end a JSON string, or that a template uses for its variables."""

MOST_KEYS = 3


def of_outcome(detail: Mapping[str, Any]) -> dict[str, str]:
    """Return the notice of an outcome, ``sentence`` and ``command``."""
    set_id, files, found = detail["set-id"], detail["files"], detail["found"]
    counted = "" if found is None else f": {found:,} of {files:,} listed keys were announced"
    happened, command = {
        "Successful": (f"is complete{counted}", "report"),
        "Timed out": (f"timed out{counted}", "show"),
        "Failed": ("could not be reconciled", "report"),
    }[detail["status"]]
    attempt = "" if detail["attempt"] == 1 else f" (attempt {detail['attempt']})"
    return _notice(
        f"The set {set_id} {happened}{attempt}. {detail['reason']} (report: {detail['report']}).",
        f"{command} {_set(set_id, detail['object-key'])}",
    )


def of_overdue(detail: Mapping[str, Any]) -> dict[str, str]:
    """Return the notice of a *Dataset Manifest Overdue*, ``sentence`` and ``command``."""
    near = detail["near-misses"]
    alike = (
        f". Keys with the manifest's name or a similar one: {', '.join(near[:MOST_KEYS])}"
        if near
        else ""
    )
    first, last = _moment(detail["first-arrival"]), _moment(detail["last-arrival"])
    return _notice(
        f"The set {detail['set-id']} has no manifest: its first object was announced at {first},"
        f" its last at {last}{alike}.",
        f"show {_set(detail['set-id'], detail['set-folder'])}",
    )


def _set(set_id: str, key: str) -> str:
    """Return a set as arguments of the operator's command, with the share's prefix in *key*."""
    prefix = SetFolder.of_manifest(key).share_prefix
    return shlex.join([set_id, *(["--prefix", prefix] if prefix else [])])


def _notice(sentence: str, command: str) -> dict[str, str]:
    """Return both without unsafe characters; an unsafe command is replaced by ``status``."""
    given = command.partition(" ")[2]
    usable = command == _safe(command) and not given.startswith("-")
    return {"sentence": _safe(sentence), "command": command if usable else "status"}


def _safe(text: str) -> str:
    return "".join(each if each.isprintable() and each not in UNSAFE else "?" for each in text)


def _moment(seconds: int | None) -> str:
    return (
        "an unknown time"
        if seconds is None
        else f"{datetime.fromtimestamp(seconds, UTC):%F %R} UTC"
    )
