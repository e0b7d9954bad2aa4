"""A hint at names that look the same, and none at other names."""

from __future__ import annotations

import json

import pytest

from handlers.core import lookalikes
from handlers.core.difference import Difference, DifferenceType
from handlers.core.lookalikes import Lookalikes
from handlers.core.tally import Tally


def hint(missing: list[str], unexpected: list[str]) -> str | None:
    """Return an outcome's hint, also after storing and reading an interrupted look."""
    tally = Tally(files=10)
    for type_, keys in (
        (DifferenceType.MISSING, missing),
        (DifferenceType.UNEXPECTED, unexpected),
    ):
        for key in keys:
            tally.add(Difference(key=key, type=type_))
    carried = Tally.from_payload(json.loads(json.dumps(tally.payload())))
    assert carried == tally
    text: str | None = carried.detail()["hint"]
    return text


@pytest.mark.parametrize(
    ("listed", "uploaded", "ways"),
    [
        ("s/\u00e9", "s/e\u0301", "Unicode form"),
        ("s/Readme", "s/README", "case"),
        ("s/a ", "s/a", "white space at the end"),
        ("s/a\u00a0/b", "s/a/b", "white space at the end"),
        ("s/\u00c9 ", "s/e\u0301", "Unicode form or case or white space at the end"),
        ("s/\u212b", "s/\u00e5", "case"),
        ("s/\ua64a", "s/\u1c88", "case"),
    ],
)
def test_a_pair_that_looks_the_same_is_named(listed: str, uploaded: str, ways: str) -> None:
    """Pitfall 41: both names are escaped, so that they look different."""
    assert hint(["s/other", listed], [uploaded, "s/new"]) == (
        f"1 missing key differs from an unexpected one only in {ways}:"
        f" {listed!a} is listed, {uploaded!a} was uploaded"
    )


@pytest.mark.parametrize(
    ("listed", "uploaded"),
    [("s/a", "s/b"), ("s/ a", "s/a"), ("s/e", "s/\u00e9"), ("s/a b", "s/ab"), ("s/a", "t/a")],
)
def test_other_names_are_no_pair(listed: str, uploaded: str) -> None:
    assert hint([listed], [uploaded]) is None


def test_pairs_are_counted() -> None:
    text = hint([f"s/\u00e9{n}" for n in range(1_200)], [f"s/e\u0301{n}" for n in range(1_500)])
    assert text is not None
    assert text.startswith("1,200 missing keys differ from an unexpected one only in Unicode form")


def test_only_the_first_differences_of_each_kind_are_searched_for_pairs() -> None:
    """So memory, and the stored state of an interrupted look, stay bounded."""
    found = Lookalikes()
    for number in range(lookalikes.MAX_CANDIDATES + 1):
        found.add(Difference(key=f"A{number}", type=DifferenceType.MISSING))
        found.add(Difference(key=f"a{number}", type=DifferenceType.UNEXPECTED))
        found.add(Difference(key=f"b{number}", type=DifferenceType.ABSENT))
    assert len(list(found.pairs())) == lookalikes.MAX_CANDIDATES


def test_a_hint_stays_short() -> None:
    text = hint([f"s/{1000 * chr(0x1F600)}A"], [f"s/{1000 * chr(0x1F600)}a"])
    assert text is not None
    assert len(text) < 10_000
