"""Files that the simulated gateway holds back, like uploads of a real gateway that are stuck."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local.emulator.endpoint_process import HELD_BACK


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The held keys of one share, in a file that the gateway reads before each upload."""

    folder: Path
    """The folder of the system."""
    share: str

    def keys(self) -> list[str]:
        """List the held keys."""
        prefix = f"{self.share}/"
        return [line.removeprefix(prefix) for line in self._lines() if line.startswith(prefix)]

    def add(self, key: str) -> None:
        """Hold back the file *key* until it is released."""
        self._write([*self._lines(), f"{self.share}/{key}"])

    def remove(self, key: str) -> bool:
        """Release the file *key*; return False if it is not held back."""
        lines = self._lines()
        kept = [line for line in lines if line != f"{self.share}/{key}"]
        self._write(kept)
        return len(kept) < len(lines)

    @property
    def _file(self) -> Path:
        return self.folder / HELD_BACK

    def _lines(self) -> list[str]:
        text = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        return [line for line in text.split("\n") if line]

    def _write(self, lines: list[str]) -> None:
        whole = self._file.with_suffix(".part")
        whole.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        whole.replace(self._file)
