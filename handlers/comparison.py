"""Manifest against uploads against objects: what is missing, absent, unexpected.

A key has one type, the first that fits. A folder is implied by what is in it: only an
empty folder that is listed must be announced, and an announced one is unexpected only if
nothing listed is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from heapq import nsmallest
from typing import Any

from handlers.errors import ManifestError

MAX_EXAMPLES = 100
MAX_EXAMPLES_BYTES = 64 * 1024


class Difference(StrEnum):
    """How a key differs, in the words of the wire."""

    MISSING = "missing"
    """Listed, not announced."""
    ABSENT = "absent"
    """Announced, not in S3."""
    UNEXPECTED = "unexpected"
    """Announced, not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One key that differs."""

    key: str
    difference: Difference
    in_s3: bool | None = None
    """Of a missing key: whether S3 has it, so that only its event was lost or is late."""

    def wire(self) -> dict[str, Any]:
        """Return the finding as outcome events show it."""
        seen = {} if self.in_s3 is None else {"inS3": self.in_s3}
        return {"type": self.difference, "key": self.key, **seen}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a look at a dataset found."""

    files: int
    """How many keys the manifest asks for."""
    counts: Mapping[Difference, int]
    examples: Sequence[Finding]
    """The first hundred differences in the order of their keys."""

    @property
    def complete(self) -> bool:
        """Whether manifest, uploads and objects agree."""
        return not any(self.counts.values())

    def counted(self) -> dict[str, int]:
        """Return the counts under their names on the wire."""
        found = self.files - self.counts[Difference.MISSING]
        counts = {difference.value: number for difference, number in self.counts.items()}
        return {"files": self.files, "found": found, **counts}

    def wire(self) -> dict[str, Any]:
        """Return counts and examples as payloads and outcome events carry them."""
        examples = [finding.wire() for finding in _that_fit(self.examples)]
        return {**self.counted(), "examples": examples}


def compare(
    listed: Set[str], announced: Mapping[str, int], objects: Set[str] | None = None
) -> Comparison:
    """Compare a dataset's listed keys with its announced ones (key to size in bytes).

    *objects* are its keys in S3, or None where they were not looked at. All keys are full
    and without a folder's trailing slash; the manifest and the set's folder are in none.

    Raises:
        ManifestError: Nothing is listed; an empty dataset is never complete.
    """
    if not listed:
        raise ManifestError("The manifest is empty: it lists no file")
    folders = folders_of(listed)
    required = listed - folders
    present = None if objects is None else objects | folders_of(objects)

    findings: list[Finding] = []
    for key in required - announced.keys():
        in_s3 = None if present is None else key in present
        findings.append(Finding(key=key, difference=Difference.MISSING, in_s3=in_s3))
    for key, size_bytes in announced.items():
        if present is not None and key not in present:
            findings.append(Finding(key=key, difference=Difference.ABSENT))
        elif key not in listed and not (size_bytes == 0 and key in folders):
            findings.append(Finding(key=key, difference=Difference.UNEXPECTED))
    return Comparison(
        files=len(required),
        counts={
            difference: sum(finding.difference is difference for finding in findings)
            for difference in Difference
        },
        examples=nsmallest(MAX_EXAMPLES, findings, key=lambda finding: finding.key),
    )


def folders_of(keys: Iterable[str]) -> set[str]:
    """Return every folder that something of *keys* is in."""
    folders: set[str] = set()
    for key in keys:
        folder = key.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def _that_fit(examples: Iterable[Finding]) -> Iterable[Finding]:
    room = MAX_EXAMPLES_BYTES
    for finding in examples:
        room -= len(finding.key.encode()) * 6 + 60  # JSON escapes a byte in six at most
        if room < 0:
            return
        yield finding
