"""How far a reconciliation has come, from one check to the next.

A check stands at the first difference, and the next one asks for that key alone; only
when it has cleared does it read on. After that, everything is read once more, from there
round to there: late and unexpected keys show as well, and nothing is read twice for
nothing. Pure but for what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from handlers.core.difference import Difference
from handlers.core.json_fields import known_fields
from handlers.core.merge import Merge
from handlers.core.sorted_stream import END


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A small cursor: where the streams were left, and why."""

    after: str = ""
    """The last key compared; nothing yet if empty."""
    offset: int = 0
    """Where the manifest's next entry begins, in bytes."""
    held: list[Any] = field(default_factory=list)
    """What :meth:`Merge.position` returns."""
    finding: Difference | None = None
    """The difference at which the last check stood."""
    anchor: str = ""
    """Where the last difference cleared: there the round must end."""
    last_lap: bool = False
    """Whether the end was reached, and what is before the anchor is read again."""
    ignored: int = 0
    """How many differences of the present round are of no account."""
    done: bool = False

    def payload(self) -> dict[str, Any]:
        """Return the cursor as the state machine carries it."""
        return asdict(self)

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what :meth:`payload` wrote, in this release or another."""
        known = known_fields(cls, payload)
        finding = known.get("finding")
        known["finding"] = Difference.from_payload(finding) if finding else None
        return cls(**known)


OpenMerge = Callable[[Progress], tuple[Merge, Callable[[], int]]]
"""Opens the three streams where a cursor stands; the second tells the manifest's offset."""


def advance(
    progress: Progress,
    open_merge: OpenMerge,
    *,
    cleared: Callable[[Difference], bool],
    ignored: Callable[[Difference], bool],
    out_of_time: Callable[[], bool],
) -> Progress:
    """Return how far one check comes: done, or at a difference, or out of time.

    *cleared* says whether a difference of an earlier check is none any more.
    """
    if progress.finding is not None:
        if not cleared(progress.finding):
            return progress
        progress = replace(progress, finding=None, anchor=progress.after, last_lap=False, ignored=0)
    count = progress.ignored
    while True:
        merge, offset = open_merge(progress)
        for finding in merge.differences(until=progress.anchor if progress.last_lap else END):
            if finding is not None and ignored(finding):
                count += 1
            elif finding is not None or out_of_time():
                return replace(
                    progress,
                    after=merge.after,
                    offset=offset(),
                    held=merge.position(),
                    finding=finding,
                    ignored=count,
                )
        if progress.last_lap or not progress.anchor:
            return replace(progress, done=True, ignored=count)
        progress = Progress(anchor=progress.anchor, last_lap=True)
