"""Missing and unexpected keys that look the same: a hint that a name changed during the transfer.

macOS writes decomposed Unicode, some file systems ignore case, and Windows drops white space at the
end of a name. The keys remain different; the outcome only has the hint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from unicodedata import normalize

from handlers.core.difference import Difference, DifferenceType

MAX_CANDIDATES = 10_000
"""The most keys of each kind that are compared."""
SHOWN_CHARACTERS = 300
"""The number of last characters of a key that a hint shows."""


def _one_form(key: str) -> str:
    return normalize("NFD", key)


def _one_case(key: str) -> str:
    return key.casefold()


def _without_space_at_the_end(key: str) -> str:
    return "/".join(map(str.rstrip, key.split("/")))


FOLDS: Mapping[str, Callable[[str], str]] = {
    "Unicode form": _one_form,
    "case": _one_case,
    "white space at the end": _without_space_at_the_end,
}


def folded(key: str, *, but: str | None = None) -> str:
    """Return *key* after all FOLDS except *but*: keys that only these folds distinguish become equal."""
    for name in (*FOLDS, *FOLDS):  # twice, because each fold may make another one necessary
        if name != but:
            key = FOLDS[name](key)
    return key


@dataclass(slots=True)
class Lookalikes:
    """The first missing and unexpected keys of a look."""

    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    def add(self, difference: Difference) -> None:
        """Store the key of *difference* if it can be part of a pair."""
        kept = {
            DifferenceType.MISSING: self.missing,
            DifferenceType.UNEXPECTED: self.unexpected,
        }.get(difference.type)
        if kept is not None and len(kept) < MAX_CANDIDATES:
            kept.append(difference.key)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield each missing key with the unexpected key that looks the same."""
        uploaded = {folded(key): key for key in reversed(self.unexpected)}
        for key in self.missing:
            if (other := uploaded.get(folded(key))) is not None:
                yield key, other

    def hint(self) -> str | None:
        """Return a sentence about the pairs, or None if there are none."""
        pairs = list(self.pairs())
        if not pairs:
            return None
        ways = [
            name
            for name in FOLDS
            if any(folded(a, but=name) != folded(b, but=name) for a, b in pairs)
        ] or FOLDS
        listed, uploaded = (ascii(key[-SHOWN_CHARACTERS:]) for key in pairs[0])
        number = (
            "1 missing key differs" if len(pairs) == 1 else f"{len(pairs):,} missing keys differ"
        )
        return (
            f"{number} from an unexpected one only in {' or '.join(ways)}:"
            f" {listed} is listed, {uploaded} was uploaded"
        )

    def payload(self) -> dict[str, Any]:
        """Return the keys in a form for JSON."""
        return {"missing": self.missing, "unexpected": self.unexpected}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what :meth:`payload` wrote."""
        return cls(missing=payload["missing"], unexpected=payload["unexpected"])
