"""What a check objects to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One objection: where it is, and what is wrong there, in words that name the rule."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
