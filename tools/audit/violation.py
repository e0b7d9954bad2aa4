"""A finding of a check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """A finding: its place, and a description that names the rule."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
