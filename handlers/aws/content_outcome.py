"""The results of the content comparison, for an outcome and its report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.aws.content_rounds import ContentRounds
from handlers.aws.report import Report
from handlers.core.content import Content
from handlers.core.difference import Remark, RemarkType
from handlers.core.tally import Tally


def add_content(
    found: Tally, content: Content | None, rounds: ContentRounds, report: Report
) -> None:
    """Add the results of the last complete round to *found* and to *report*.

    Files that no round has compared count as unverified, and so do objects that were replaced after
    their mismatch: a key has one type.
    """
    if content is None or (content.round == 1 and not content.compared):
        found.content = {"verified": 0, "unverified": found.files}
        return
    for line in rounds.open_lines(content):
        difference = line.difference()
        if difference is not None and line.key not in found.replaced:
            found.add(difference)
            report.add(difference)
        else:
            report.add(Remark(key=line.key, type=RemarkType.UNVERIFIED, reason=line.reason))
    uncompared = len(found.replaced) + (0 if content.compared else content.listing.entries)
    found.content = {
        "verified": content.verified,
        "unverified": content.unverified + content.changed + uncompared,
        "checksum-mismatch": content.mismatches - len(found.replaced),
    }


def in_content(counts: Mapping[str, Any]) -> str:
    """Return the end of a reason: the numbers of verified and of unverified files."""
    if not counts:
        return ""
    text = f"; verified the content of {counts['verified']:,} files"
    return f"{text}, {counts['unverified']:,} unverified" if counts["unverified"] else text
