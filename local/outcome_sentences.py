"""An outcome in sentences: status, differences and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Any

from local.vault_dataset import Vaulted

MOST_KEYS = 5
TYPES = {
    "missing": "not announced as uploaded",
    "absent": "announced, but not in S3",
    "size-mismatch": "of another size than listed",
    "checksum-mismatch": "of other content than listed",
    "unexpected": "uploaded, but not listed",
}


def sentences(vaulted: Vaulted) -> Iterator[str]:
    """Yield the lines of a set's outcome."""
    detail = vaulted.event["detail"]
    set_id, status = detail["set-id"], detail["status"]
    if vaulted.is_unchanged:
        yield f"Nothing changed since the set {set_id} was vaulted, so its known outcome holds."
    if status == "Successful":
        yield (
            f"Successful: the {detail['files']:,} files and empty folders that the manifest of the set"
            f" {set_id} lists are in S3."
        )
    else:
        yield f"{status}: {detail['reason']}"
    examples = detail.get("examples") or []
    yield from (
        f"  {each['key']} ({TYPES.get(each['type'], each['type'])})"
        for each in examples[:MOST_KEYS]
    )
    if len(examples) > MOST_KEYS:
        yield f"  and more: {detail.get('report', 'see the report')}"
    if detail.get("hint"):
        yield f"Hint: {detail['hint']}"
    yield from _remedy(detail, is_unchanged=vaulted.is_unchanged)


def _remedy(detail: dict[str, Any], *, is_unchanged: bool) -> Iterator[str]:
    if detail["status"] == "Timed out":
        yield (
            "To do: remove the cause ('make release' lists the files held back). Then check again:"
            f" .venv/bin/sgvault reconcile {quote(detail['set-id'])} --local"
        )
    elif detail["status"] == "Failed":
        yield "To do: remove the cause, then vault the set again with NEW=yes."
    elif is_unchanged:
        yield "To deliver everything again, add NEW=yes."
