"""An object that may still be growing is never announced."""

from __future__ import annotations

import pytest

from operations.settled import Look, Verdict, verdict

NOW = 1_000_000


def look(*, age: int = 10_000, size: int = 3, version: str = "1") -> Look:
    return Look(size_bytes=size, modified=NOW - age, version_id=version, etag="e")


@pytest.mark.parametrize(
    ("listed", "first", "second", "expected"),
    [
        (3, None, None, Verdict.NOT_IN_S3),
        (3, look(age=0), None, Verdict.ANNOUNCE),
        (4, look(), None, Verdict.OTHER_SIZE),
        (4, look(), look(), Verdict.OTHER_SIZE),
        (3, look(age=500_001), None, Verdict.EARLIER_DELIVERY),
        (None, look(age=599), look(age=599), Verdict.YOUNG),
        (None, look(age=600), None, Verdict.UNSEEN),
        (None, look(age=600), look(age=600), Verdict.ANNOUNCE),
        (None, look(), look(size=4), Verdict.CHANGING),
        (None, look(), look(version="2"), Verdict.CHANGING),
        (None, look(age=600), look(age=599), Verdict.CHANGING),
    ],
)
def test_only_a_settled_object_is_announced(
    listed: int | None, first: Look | None, second: Look | None, expected: Verdict
) -> None:
    found = verdict(listed, first, second, since=NOW - 500_000, now=NOW, settling_seconds=60)
    assert found is expected
