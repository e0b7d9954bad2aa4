"""Decide whether an object in S3 may be announced: it must be complete. Pure.

A gateway writes partial objects to the bucket before it announces the complete one. An object is
complete if it has the size in its manifest. Without a size, it is complete if it is older than ten
settling times and unchanged between two looks at least a settling time apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SETTLING_TIMES = 10


class Verdict(StrEnum):
    """The decision on a key that the manifest lists but no row has."""

    ANNOUNCE = "announce"
    NOT_IN_S3 = "not in S3"
    OTHER_SIZE = "not of the listed size: it may still be growing"
    YOUNG = "uploaded less than ten times uploadSettlingSeconds ago: it may still be growing"
    CHANGING = "changed between two looks: it may still be growing"
    UNSEEN = "to be looked at a second time"
    EARLIER_DELIVERY = "of an earlier delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An object in S3 at some moment."""

    size_bytes: int
    modified: int
    """LastModified, in Unix seconds."""
    version_id: str
    etag: str


def verdict(
    listed_bytes: int | None,
    first: Look | None,
    second: Look | None,
    *,
    since: int,
    now: int,
    settling_seconds: int,
) -> Verdict:
    """Judge an object by one or two looks; *since* and *now* are Unix seconds.

    An object without a listed size is never announced after one look only.
    """
    if first is None:
        return Verdict.NOT_IN_S3
    if first.modified < since:
        return Verdict.EARLIER_DELIVERY
    if listed_bytes is not None:
        same = listed_bytes == first.size_bytes
        return Verdict.ANNOUNCE if same else Verdict.OTHER_SIZE
    if now - first.modified < SETTLING_TIMES * settling_seconds:
        return Verdict.YOUNG
    if second is None:
        return Verdict.UNSEEN
    return Verdict.ANNOUNCE if first == second else Verdict.CHANGING
