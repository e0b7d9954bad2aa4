"""Faults that are planted on purpose, and that a run of ``make chaos`` must find."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

UPLOADED = "Storage Gateway Object Upload Event"
OUTCOME = "File Upload Reconciliation "

Entry = dict[str, Any]


class PlantedFault:
    """One fault: an upload ``loss``, a ``double`` outcome, or a ``wrong`` one; or none."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._lost_key = ""
        self._is_done = False

    def loses(self, event: Mapping[str, Any]) -> bool:
        """Return whether *event* announces the data file whose events are all lost."""
        if self._kind != "loss" or event.get("DetailType") != UPLOADED:
            return False
        key: str = json.loads(event["Detail"])["object-key"]
        if not self._lost_key and not key.endswith(".manifest"):
            self._lost_key = key
        return key == self._lost_key

    def entries(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return *entries*, with one outcome doubled or with changed counts if that fault is planted."""
        return [planted for entry in entries for planted in self._planted(entry)]

    def _planted(self, entry: Entry) -> list[Entry]:
        if self._kind not in {"double", "wrong"} or self._is_done:
            return [entry]
        detail = json.loads(entry.get("Detail", "{}"))
        if not entry.get("DetailType", "").startswith(OUTCOME) or detail.get("found") is None:
            return [entry]
        self._is_done = True
        if self._kind == "double":
            again = {**detail, "outcome-id": detail["outcome-id"][::-1]}
            return [entry, {**entry, "Detail": json.dumps(again)}]
        altered = {**detail, "found": detail["found"] - 1, "missing": detail["missing"] + 1}
        return [{**entry, "Detail": json.dumps(altered)}]
