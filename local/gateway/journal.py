"""What a share has announced, on the gateway's disk: after a restart it goes on with the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from local.gateway.folder_scan import ScannedPath


class Journal:
    """A line for each file that was announced, and for each that is gone again.

    It is written after the announcement: what ends in between is announced twice, never left out.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, ScannedPath]:
        """Return by its key each file that was announced and is not gone; half a line is none."""
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
        """Keep that *entries* were announced."""
        self._write((entry.key, asdict(entry)) for entry in entries)

    def gone(self, entries: Iterable[ScannedPath]) -> None:
        """Keep that *entries* are gone."""
        self._write((entry.key, None) for entry in entries)

    def _write(self, lines: Iterable[tuple[str, object]]) -> None:
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        if text:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
