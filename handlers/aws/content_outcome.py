"""The results of the content comparison, for an outcome and its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from handlers.aws.report import Report
from handlers.core.content import Comparison, Content
from handlers.core.difference import Remark, RemarkType
from handlers.core.sorted_stream import END
from handlers.core.tally import Tally


class OpenLines:
    """The comparisons that are not matches, added to a tally and a report while a last look runs.

    All are in the order of keys, so memory does not grow with their number. A key has one type: if the
    last look finds another difference of a mismatched key, its object was replaced, and the mismatch
    counts as unverified.
    """

    def __init__(self, lines: Iterable[Comparison], found: Tally, report: Report) -> None:
        """Prepare to add *lines*, in the order of their keys, to *found* and *report*."""
        self._lines = iter(lines)
        self._next = next(self._lines, None)
        self._found = found
        self._report = report

    def add_up_to(self, key: str, *, differs: bool = False) -> None:
        """Add the lines up to *key*; *differs* is true if the last look found a difference of it."""
        while self._next is not None and self._next.key <= key:
            self._add(self._next, differs=differs and self._next.key == key)
            self._next = next(self._lines, None)

    def add_rest(self) -> None:
        """Add the lines that are left."""
        self.add_up_to(END)

    def _add(self, line: Comparison, *, differs: bool) -> None:
        difference = line.difference()
        if difference is None or differs:
            self._found.replaced += difference is not None
            self._report.add(Remark(key=line.key, type=RemarkType.UNVERIFIED, reason=line.reason))
        else:
            self._found.add(difference)
            self._report.add(difference)


def count_content(found: Tally, content: Content | None) -> None:
    """Set the counts of content in *found*, to which :class:`OpenLines` were added.

    Files that no round has compared count as unverified.
    """
    if content is None or (content.round == 1 and not content.compared):
        found.content = {"verified": 0, "unverified": found.files}
        return
    uncompared = found.replaced + (0 if content.compared else content.listing.entries)
    found.content = {
        "verified": content.verified,
        "unverified": content.unverified + content.changed + uncompared,
        "checksum-mismatch": content.mismatches - found.replaced,
    }


def in_content(counts: Mapping[str, Any]) -> str:
    """Return the end of a reason: the numbers of verified and of unverified files."""
    if not counts:
        return ""
    text = f"; verified the content of {counts['verified']:,} files"
    return f"{text}, {counts['unverified']:,} unverified" if counts["unverified"] else text
