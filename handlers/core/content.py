"""The comparison of an object's bytes with its checksum in the manifest, and a set's progress in it.

A *round* compares the keys of one listing, in *shards*: ranges of the listing's bytes, each compared by
one worker. The first round's listing is the manifest. The listing of a later round contains the keys
that have had a new version since then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from handlers.core import json_fields
from handlers.core.difference import Difference, DifferenceType
from handlers.core.json_fields import known_fields
from handlers.core.listing import Listing
from handlers.core.manifest import MAX_LINE_BYTES

SHARD_LINES = 1_000
SHARD_BYTES = 64 * 1024**3
"""One worker reads this much in about 15 minutes; shards of large files have fewer lines."""
MAX_SHARDS = 2_000
"""The state machine's payload, of at most 256 KB, contains the numbers of the shards."""


class Verdict(StrEnum):
    """The result of one comparison."""

    MATCH = "match"
    MISMATCH = "mismatch"
    """The checksum differs in two comparisons."""
    UNVERIFIED = "unverified"
    """The object's checksum cannot be determined."""
    CHANGED = "changed"
    """The object was deleted, or its size has changed, since names and sizes agreed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The comparison of one listed file with a version of its object."""

    key: str
    size: int
    """The listed size in bytes."""
    checksum: str
    """The listed checksum, in lower-case hexadecimal digits."""
    verdict: Verdict
    version: str | None = None
    etag: str | None = None
    found: str | None = None
    """The object's checksum."""
    reason: str | None = None
    """For an unverified object, the reason why it could not be compared."""

    def line(self) -> dict[str, Any]:
        """Return the comparison as a line of the results; the names of fields are contracts."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> Self:
        """Create a comparison from the result of :meth:`line`."""
        return cls(**{**known_fields(cls, line), "verdict": Verdict(line["verdict"])})

    def difference(self) -> Difference | None:
        """Return a mismatch in the form of outcomes and reports; None for another verdict."""
        match self.verdict:
            case Verdict.MISMATCH:
                return Difference(
                    key=self.key,
                    type=DifferenceType.CHECKSUM_MISMATCH,
                    in_s3=True,
                    listed_bytes=self.size,
                    listed_checksum=self.checksum,
                    object_checksum=self.found,
                    etag=self.etag,
                )
            case Verdict.MATCH | Verdict.UNVERIFIED | Verdict.CHANGED:
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The state of a set's content; the state machine passes it from check to check."""

    folder: str
    """The prefix of the results' keys, in the reports bucket."""
    bucket: str
    """The bucket of the objects."""
    mode: str
    """``stored`` or ``read``."""
    round: int
    began: int
    """The time at which the current round began, in Unix seconds."""
    listing: Listing
    """The keys of the current round."""
    shards: int
    compared: bool = False
    """True if the current round has ended, and its results are counted below."""
    entered_in: int = 0
    """The last iteration in which workers compared content."""
    verified: int = 0
    unverified: int = 0
    mismatches: int = 0
    changed: int = 0
    first: Difference | None = None
    """The first mismatch."""
    open_key: str = ""
    """The key of the object that lists all comparisons except matches; empty if there are none."""

    @property
    def agrees(self) -> bool:
        """True if at least one checksum was compared, and all compared checksums match."""
        return self.compared and not self.mismatches and not self.changed and self.verified > 0

    @property
    def round_folder(self) -> str:
        """The prefix of the current round's results."""
        return f"{self.folder}/{self.round}"

    def payload(self) -> dict[str, Any]:
        """Return the state as JSON; the names of fields are contracts."""
        return asdict(self) | {
            "listing": self.listing.payload(),
            "first": self.first and self.first.payload(),
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read a :meth:`payload` of this or another release."""
        first = payload.get("first")
        return cls(
            **{
                **known_fields(cls, payload),
                "listing": Listing.from_payload(json_fields.mapping(payload, "listing")),
                "first": Difference.from_payload(first) if first else None,
            }
        )


@dataclass(slots=True)
class OpenCounts:
    """The counts of the comparisons that are not matches."""

    verdicts: dict[Verdict, int] = field(default_factory=dict)
    first: Difference | None = None

    def add(self, comparison: Comparison) -> None:
        """Count one comparison."""
        verdict = comparison.verdict
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
        self.first = self.first or comparison.difference()

    def fields(self) -> dict[str, Any]:
        """Return the counts as fields of :class:`Content`."""
        return {
            "unverified": self.verdicts.get(Verdict.UNVERIFIED, 0),
            "mismatches": self.verdicts.get(Verdict.MISMATCH, 0),
            "changed": self.verdicts.get(Verdict.CHANGED, 0),
            "first": self.first,
        }


def shard_count(listing: Listing) -> int:
    """Return the number of shards of a listing."""
    wanted = max(listing.entries // SHARD_LINES, listing.size_bytes // SHARD_BYTES, 1)
    return min(wanted, listing.entries, MAX_SHARDS)


def shard_text(
    read: Callable[[int, int], Iterable[bytes]], listing: Listing, number: int, shards: int
) -> bytes:
    """Return the lines that begin in the range of bytes of shard *number*, which counts from 0.

    *read* returns the listing's bytes from its first argument up to, but not including, its second.
    """
    length = listing.end - listing.start
    start = listing.start + length * number // shards
    end = listing.start + length * (number + 1) // shards
    if start == end:
        return b""
    first = max(start - 1, listing.start)  # the byte before shows whether a line begins at *start*
    text = b"".join(read(first, min(end + MAX_LINE_BYTES, listing.end)))
    begin = 0 if start == listing.start else text.find(b"\n") + 1 or len(text)
    stop = text.find(b"\n", end - first - 1) + 1 or len(text)
    return text[begin:stop]
