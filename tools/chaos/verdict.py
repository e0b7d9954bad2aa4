"""Compare the result of a run with the expected result. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.core.difference import DifferenceType
from tools.chaos.workload import ExpectedSet, Kind

Detail = Mapping[str, Any]
STATUSES = {
    Kind.COMPLETE: "Successful",
    Kind.WITHHELD: "Timed out",
    Kind.DELETED: "Timed out",
    Kind.OTHER: "Timed out",
    Kind.STOPPED: "Failed",
}
DIFFERENCES = tuple(
    each.value for each in DifferenceType if each is not DifferenceType.CHECKSUM_MISMATCH
)
"""The types that each outcome with a comparison counts, whether or not content is verified."""


@dataclass(slots=True)
class Verdict:
    """Four counters that must be zero, and a sentence for each error."""

    lost_uploads: int = 0
    without_outcome: int = 0
    two_outcomes: int = 0
    wrong_outcomes: int = 0
    sentences: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """True if nothing was lost, and each set had exactly one outcome, the right one."""
        return not (
            self.lost_uploads + self.without_outcome + self.two_outcomes + self.wrong_outcomes
        )


def judge(
    sets: Iterable[ExpectedSet],
    rows: Mapping[str, Mapping[str, int]],
    outcomes: Mapping[str, Sequence[Detail]],
) -> Verdict:
    """Compare; *rows* are sizes by set and key, *outcomes* are the received details by set."""
    verdict = Verdict()
    for expected in sets:
        _judge_rows(verdict, expected, rows.get(expected.set_id, {}))
        _judge_outcomes(verdict, expected, outcomes.get(expected.set_id, []))
    return verdict


def _judge_rows(verdict: Verdict, expected: ExpectedSet, found: Mapping[str, int]) -> None:
    for key, size in expected.rows.items():
        if found.get(key) != size:
            verdict.lost_uploads += 1
            verdict.sentences.append(f"{key!r} must have a row of {size} B; found {found.get(key)}")


def _judge_outcomes(verdict: Verdict, expected: ExpectedSet, details: Sequence[Detail]) -> None:
    if not details:
        verdict.without_outcome += 1
        verdict.sentences.append(f"{expected.set_id} ({expected.kind.name}) has no outcome")
        return
    first, *others = details
    if any(other != first for other in others):  # a repeat is identical, including its id
        verdict.two_outcomes += 1
        ids = sorted({str(each["outcome-id"])[:12] for each in details})
        verdict.sentences.append(f"{expected.set_id} has outcomes that differ: {', '.join(ids)}")
    wrong = [reason for detail in details for reason in wrong_about(expected, detail)]
    if wrong:
        verdict.wrong_outcomes += 1
        verdict.sentences.append(f"{expected.set_id} ({expected.kind.name}): {wrong[0]}")


def wrong_about(expected: ExpectedSet, detail: Detail) -> list[str]:
    """Return the errors in the outcome of a set."""
    status, reason = detail["status"], str(detail["reason"])
    if status != STATUSES[expected.kind]:
        return [f"{status} instead of {STATUSES[expected.kind]}: {reason}"]
    if expected.kind is Kind.STOPPED:
        return [] if "ABORTED" in reason else [f"the reason is {reason!r}, without ABORTED"]
    must = {
        "object-key": expected.manifest,
        "files": expected.files,
        "found": expected.files - len(expected.missing),
        **dict.fromkeys(DIFFERENCES, 0),
        "missing": len(expected.missing),
        "absent": len(expected.absent),
    }
    if expected.is_verified:
        other = len(expected.other)
        must |= {
            "verified": expected.files - other,
            "unverified": 0,
            "checksum-mismatch": other,
        }
    wrong = [
        f"{name} is {detail.get(name)!r} instead of {value!r}; {reason}"
        for name, value in must.items()
        if detail.get(name) != value
    ]
    examples = {(each["type"], each["key"]) for each in detail.get("examples") or []}
    listed = {("missing", key) for key in expected.missing}
    listed |= {("absent", key) for key in expected.absent}
    listed |= {("checksum-mismatch", key) for key in expected.other}
    if examples != listed:
        wrong.append(f"the examples are {sorted(examples)} instead of {sorted(listed)}")
    return wrong
