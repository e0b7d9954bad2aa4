"""A whole look at a dataset: every difference, counted, and told to a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from handlers.core.difference import Difference, DifferenceType
from handlers.core.merge import Merge

MAX_EXAMPLES = 100
MAX_EXAMPLES_BYTES = 64 * 1024


@dataclass(slots=True)
class Tally:
    """What a whole look found."""

    files: int
    """How many keys the manifest lists."""
    counts: Counter[DifferenceType] = field(default_factory=Counter)
    ignored: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)
    whole: bool = True
    """Whether the look came to the end; else the counts are of a part."""
    _room_bytes: int = MAX_EXAMPLES_BYTES

    @property
    def complete(self) -> bool:
        """Whether manifest, uploads and objects agree."""
        return self.whole and not self.counts.total()

    def add(self, finding: Difference) -> None:
        """Count a difference; the first hundred are examples."""
        self.counts[finding.difference] += 1
        if len(self.examples) < MAX_EXAMPLES:
            # An event's JSON may show a byte of a key as six.
            self._room_bytes -= 6 * len(finding.key.encode()) + 120
            if self._room_bytes >= 0:
                self.examples.append(finding.wire())

    def wire(self) -> dict[str, Any]:
        """Return counts and examples as outcome events and reports carry them."""
        return {
            "files": self.files,
            "found": self.files - self.counts[DifferenceType.MISSING],
            **{difference.value: self.counts[difference] for difference in DifferenceType},
            "ignored": self.ignored,
            "examples": self.examples,
        }


def tally(
    merge: Merge,
    *,
    files: int,
    tell: Callable[[Difference], None],
    ignored: Callable[[Difference], bool],
    out_of_time: Callable[[], bool],
) -> Tally:
    """Read *merge* to its end, or until *out_of_time*, and *tell* every difference."""
    found = Tally(files=files)
    for finding in merge.differences():
        if finding is None:
            if out_of_time():
                found.whole = False
                break
        elif ignored(finding):
            found.ignored += 1
        else:
            found.add(finding)
            tell(finding)
    return found
