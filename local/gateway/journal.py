"""The announced files of a share, on the gateway's disk.

After a restart, the gateway announces only files that are not listed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from local.gateway.folder_scan import ScannedPath


class Journal:
    """A file with a line for each announced file, and for each announced file that has disappeared.

    A line is written after the announcement: if the gateway ends between the two, it announces the
    file twice, and never omits it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, ScannedPath]:
        """Return the announced files that have not disappeared, by key; ignore an incomplete line."""
        announced: dict[str, ScannedPath] = {}
        if not self._path.exists():
            return announced
        for line in self._path.read_text(encoding="utf-8").split("\n")[:-1]:
            key, entry = json.loads(line)
            announced.pop(key, None)
            if entry is not None:
                announced[key] = ScannedPath(**entry)
        return announced

    def announced(self, entries: Iterable[ScannedPath]) -> None:
        """Record that *entries* were announced."""
        self._write((entry.key, asdict(entry)) for entry in entries)

    def gone(self, entries: Iterable[ScannedPath]) -> None:
        """Record that *entries* have disappeared."""
        self._write((entry.key, None) for entry in entries)

    def _write(self, lines: Iterable[tuple[str, object]]) -> None:
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        if text:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
