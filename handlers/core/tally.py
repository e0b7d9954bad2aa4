"""A full comparison of a dataset: it counts every difference, and passes it to a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from handlers.core.difference import Difference, DifferenceType, Remark, RemarkType
from handlers.core.lookalikes import Lookalikes
from handlers.core.merge import Merge

MAX_EXAMPLES = 100
MAX_EXAMPLES_BYTES = 64 * 1024

CONTENT_FIELDS = ("verified", "unverified", "checksum-mismatch", "receipt", "receipt-sha256")
"""Fields that are null unless content is verified."""
COUNTED_REMARKS = tuple(each for each in RemarkType if each is not RemarkType.UNVERIFIED)


@dataclass(slots=True)
class Tally:
    """The counts and examples of a full comparison."""

    files: int
    """The number of keys that the manifest lists."""
    counts: Counter[DifferenceType] = field(default_factory=Counter)
    remarks: Counter[RemarkType] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)
    lookalikes: Lookalikes = field(default_factory=Lookalikes)
    stopped_at: str = ""
    """The key at which the last check stopped; the examples reserve space for it."""
    room_bytes: int = MAX_EXAMPLES_BYTES
    """The bytes of the event that the examples may still use."""
    replaced: int = 0
    """The number of keys that differ now, and whose earlier objects had wrong content."""
    content: dict[str, Any] = field(default_factory=dict)
    """The known CONTENT_FIELDS; they are added last, so a later call does not need them."""

    @classmethod
    def begin(cls, files: int, stopped_at: Difference | None) -> Self:
        """Return an empty tally; if *stopped_at* still differs, it becomes an example."""
        if stopped_at is None:
            return cls(files=files)
        key = stopped_at.key
        return cls(files=files, stopped_at=key, room_bytes=MAX_EXAMPLES_BYTES - _most_bytes(key))

    @property
    def complete(self) -> bool:
        """True if manifest, uploads and objects agree."""
        return not self.counts.total()

    def add(self, found: Difference | Remark) -> None:
        """Count a difference or a remark; the first hundred differences are examples."""
        if isinstance(found, Remark):
            self.remarks[found.type] += 1
            return
        self.counts[found.type] += 1
        self.lookalikes.add(found)
        if found.key == self.stopped_at:
            self.stopped_at = ""
            self.examples.append(found.report_line())
        elif len(self.examples) < MAX_EXAMPLES - bool(self.stopped_at):
            self.room_bytes -= _most_bytes(found.key)
            if self.room_bytes >= 0:
                self.examples.append(found.report_line())

    def detail(self) -> dict[str, Any]:
        """Return the fields of an outcome event that a comparison fills."""
        return {
            "files": self.files,
            "found": max(0, self.files - self.counts[DifferenceType.MISSING]),
            **{type_.value: self.counts[type_] for type_ in DifferenceType},
            **{type_.value: self.remarks[type_] for type_ in COUNTED_REMARKS},
            **dict.fromkeys(CONTENT_FIELDS),
            "unverified": self.remarks[RemarkType.UNVERIFIED] or None,
            "checksum-mismatch": self.counts[DifferenceType.CHECKSUM_MISMATCH] or None,
            **self.content,
            "hint": self.lookalikes.hint(),
            "examples": self.examples,
        }

    def payload(self) -> dict[str, Any]:
        """Return the tally as JSON, so that a later call can continue it."""
        return {
            "files": self.files,
            "counts": self.counts,
            "remarks": self.remarks,
            "examples": self.examples,
            "lookalikes": self.lookalikes.payload(),
            "stopped-at": self.stopped_at,
            "room-bytes": self.room_bytes,
            "replaced-keys": self.replaced,
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read a :meth:`payload` of this or another release.

        Raises:
            KeyError: It is of a release before 0.2.0, which reported the lines on content later.
        """
        counts, remarks = payload["counts"], payload["remarks"]
        return cls(
            files=payload["files"],
            counts=Counter({each: counts[each] for each in DifferenceType if each in counts}),
            remarks=Counter({each: remarks[each] for each in RemarkType if each in remarks}),
            examples=payload["examples"],
            lookalikes=Lookalikes.from_payload(payload["lookalikes"]),
            stopped_at=payload["stopped-at"],
            room_bytes=payload["room-bytes"],
            replaced=payload["replaced-keys"],
        )


def _most_bytes(key: str) -> int:
    """Return an example's maximum size: an event's JSON may encode a byte of a key as six."""
    return 6 * len(key.encode()) + 120


def not_read(files: int, difference: Difference | None) -> dict[str, Any]:
    """Return an outcome's fields if nothing was counted: all are null except the known ones.

    *difference* is the one at which the last check stopped.
    """
    nothing = dict.fromkeys(Tally(files=files).detail())
    examples = [] if difference is None else [difference.report_line()]
    return {**nothing, "files": files, "examples": examples}


def tally(
    merge: Merge,
    found: Tally,
    *,
    report: Callable[[Difference | Remark], None],
    out_of_time: Callable[[], bool],
) -> bool:
    """Add the rest of *merge* to *found*, and pass it to *report*; return whether it has ended."""
    for each in merge.differences():
        if each is not None:
            report(each)  # first, so that it can add earlier keys to the examples
            found.add(each)
        elif out_of_time():
            return False
    return True
