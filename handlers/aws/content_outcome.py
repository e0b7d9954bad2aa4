"""The results of the content comparison, for an outcome and its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from handlers.aws.report import Report
from handlers.core.content import Comparison, Content
from handlers.core.difference import Remark, RemarkType
from handlers.core.tally import Tally


class OpenLines:
    """The comparisons that are not matches, added to a look at their places in the order of keys.

    A mismatch whose key differs now in another way counts as unverified, because its object was
    replaced: a key has one type. Memory does not grow with the number of lines.
    """

    def __init__(self, lines: Iterable[Comparison], found: Tally, report: Report) -> None:
        """Add *lines*, in the order of their keys, to *found* and *report*."""
        self._lines = iter(lines)
        self._next = next(self._lines, None)
        self._found = found
        self._report = report

    def add_to(self, key: str | None, *, differs: bool = False) -> None:
        """Add the lines up to *key*, or all that are left; *differs* if a look found a difference in it."""
        while self._next is not None and (key is None or self._next.key <= key):
            self._add(self._next, differs=differs and self._next.key == key)
            self._next = next(self._lines, None)

    def _add(self, line: Comparison, *, differs: bool) -> None:
        difference = line.difference()
        if difference is None or differs:
            self._found.replaced += difference is not None
            self._report.add(Remark(key=line.key, type=RemarkType.UNVERIFIED, reason=line.reason))
        else:
            self._found.add(difference)
            self._report.add(difference)


def count_content(found: Tally, content: Content | None) -> None:
    """Set the content's counts in *found*, to which the open lines of the last complete round were added.

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
