"""The progress of a reconciliation from one check to the next.

A check stops at the first difference. The next check first looks up only that key, and reads on
only if the difference is resolved. Then it reads to the end, and from the start up to that key
again, so that late and unexpected keys are found. This module reads only by the functions that it is
given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from handlers.core import json_fields
from handlers.core.difference import Difference, DifferenceType, Remark, RemarkType
from handlers.core.held import Held
from handlers.core.merge import Merge
from handlers.core.sorted_stream import END


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A small cursor: the positions in the streams, and the difference found there."""

    after: str = ""
    """The last key compared; empty before the first."""
    through: str = ""
    """The end of the last empty page of rows, if it is after ``after``; else empty."""
    offset: int = 0
    """The offset of the manifest's next entry, in bytes."""
    held: list[Any] = field(default_factory=list)
    """The held keys, as :meth:`Merge.position` returns them."""
    difference: Difference | None = None
    """The difference at which the last check stopped."""
    anchor: str = ""
    """The key at which the last difference was resolved; the last lap ends there."""
    last_lap: bool = False
    """True if the end was reached, so that the keys up to the anchor are read again."""
    remarks: Counter[RemarkType] = field(default_factory=Counter)
    """The remarks of the present round."""
    done: bool = False

    def payload(self) -> dict[str, Any]:
        """Return the cursor in the form of the state machine."""
        return {
            "after": self.after,
            "through": self.through,
            "offset": self.offset,
            "held": self.held,
            "finding": self.difference and self.difference.payload(),
            "anchor": self.anchor,
            "last_lap": self.last_lap,
            "remarks": self.remarks,
            "done": self.done,
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what :meth:`payload` wrote, in this release or another, or raise MalformedEventError.

        If a later release stopped at a difference of a type that is unknown here, everything is
        compared again.
        """
        finding = payload.get("finding")
        if finding and json_fields.text(finding, "difference") not in list(DifferenceType):
            return cls()
        ignored = {"ignored": payload.get("ignored", 0)}
        remarks = json_fields.mapping({"remarks": ignored, **payload}, "remarks")
        plain = {name: payload[name] for name in PLAIN_FIELDS if name in payload}
        read = cls(
            **json_fields.known_fields(cls, plain),
            held=json_fields.sequence({"held": [], **payload}, "held"),
            difference=Difference.from_payload(finding) if finding else None,
            remarks=Counter(
                {
                    each: json_fields.whole_number(remarks, each)
                    for each in RemarkType
                    if each in remarks
                }
            ),
        )
        for each in read.held:
            Held.from_payload(each, after=read.after)
        return read

    @property
    def keys(self) -> list[str]:
        """All keys in this cursor."""
        standing = self.difference.key if self.difference else ""
        return [key for key in (self.after, self.through, self.anchor, standing) if key]

    def at(self, merge: Merge, offset: int) -> Self:
        """Return this cursor at the position of *merge*; *offset* is that of the manifest."""
        through = merge.announced.through
        return replace(
            self,
            after=merge.after,
            through=through if through > merge.after else "",
            offset=offset,
            held=merge.position(),
        )


PLAIN_FIELDS = ("after", "through", "offset", "anchor", "last_lap", "done")

OpenMerge = Callable[[Progress], tuple[Merge, Callable[[], int]]]
"""Open the three streams at a cursor; the second result returns the manifest's offset."""


def advance(
    progress: Progress,
    open_merge: OpenMerge,
    *,
    cleared: Callable[[Difference], bool],
    out_of_time: Callable[[], bool],
) -> Progress:
    """Return the cursor after one check: done, at a difference, or out of time.

    *cleared* returns whether a difference of an earlier check is resolved.
    """
    if progress.difference is not None:
        if not cleared(progress.difference):
            return progress
        progress = replace(
            progress, difference=None, anchor=progress.after, last_lap=False, remarks=Counter()
        )
    remarks = Counter(progress.remarks)
    while True:
        merge, offset = open_merge(progress)
        for found in merge.differences(until=progress.anchor if progress.last_lap else END):
            if isinstance(found, Remark):
                # Count each key once: before the last lap the keys after the anchor, in it the others.
                remarks[found.type] += progress.last_lap is (found.key <= progress.anchor)
            elif found is not None or out_of_time():
                return replace(progress.at(merge, offset()), difference=found, remarks=remarks)
        if progress.last_lap or not progress.anchor:
            return replace(progress, done=True, remarks=remarks)
        progress = Progress(anchor=progress.anchor, last_lap=True)
