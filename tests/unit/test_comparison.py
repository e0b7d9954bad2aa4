"""Every key that differs, with its type: example cases, and a specification for all others."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.reconcile_check import handler as check
from handlers.reconcile_notify import handler as notify
from tests.unit.comparison_cases import (
    CASES,
    REMARKS,
    Case,
    Found,
    differences,
    without_remarks,
)
from tests.unit.fakes import REPORTS_BUCKET, FakeAws, FakeContext, installed
from tests.unit.samples import store, task_event

FOLDER = "a-vaultjob/"

segments = st.sampled_from(["a", "a-", "a.b", "b", "\u00e9", "\U0001f600", "\uffee"])
names = st.lists(segments, min_size=1, max_size=3).map("/".join)
some = st.sets(names, max_size=7)


def as_s3_has_them(files: Collection[str], folders: Collection[str]) -> set[str]:
    """Return the objects' names, those of folders with a slash; no name is a file and a folder."""
    return {name for name in files if name not in folders} | {f"{name}/" for name in folders}


def first_check(context: FakeContext | None = None) -> dict[str, Any]:
    """Return the first check's result, through JSON as in Step Functions."""
    answer = check(task_event(), (context or FakeContext()).typed)
    payload: dict[str, Any] = json.loads(json.dumps(answer))
    return payload


def last_look(aws: FakeAws, payload: dict[str, Any]) -> tuple[dict[str, Any], Found]:
    """Return the outcome after *payload*, with no iterations left, and its whole report."""
    notify(task_event(ticker=2, count=2, check=payload), FakeContext().typed)
    (entry,) = aws.events.accepted
    lines = [
        json.loads(line)
        for bucket, key in aws.s3.versions
        if bucket == REPORTS_BUCKET and key.endswith(".jsonl.gz")
        for line in gzip.decompress(aws.s3.newest(key, bucket=bucket)).splitlines()
    ]
    reported = [(line["key"].removeprefix(FOLDER), line) for line in lines]
    assert len(dict(reported)) == len(reported), "a key has one type"
    return json.loads(entry["Detail"]), {
        name: (line["type"], line.get("inS3")) for name, line in reported
    }


@pytest.mark.parametrize("page", [1, 2, 1000])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_last_look_finds_every_difference(aws: FakeAws, case: Case, page: int) -> None:
    """Pitfall 11, 14, 15: for any page size, each key that differs has one type."""
    aws.dynamodb.items_a_page = aws.s3.keys_a_page = page
    store(aws, lines=case.lines, announced=case.announced_names, objects=case.object_names)
    payload = first_check()
    assert payload["reconcileDone"] == (not without_remarks(case.found))
    assert not payload["continueNow"]

    payload["reconcileDone"] = False
    outcome, reported = last_look(aws, payload)
    assert reported == case.found
    different = without_remarks(case.found)
    assert {each["key"].removeprefix(FOLDER) for each in outcome["examples"]} == set(different)
    assert outcome["status"] == ("Timed out" if different else "Successful")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_cases_are_those_of_the_specification(case: Case) -> None:
    assert differences(case.lines, case.announced_names, case.object_names) == case.found


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_check_stops_at_a_difference_if_there_is_one(aws: FakeAws, case: Case) -> None:
    store(aws, lines=case.lines, announced=case.announced_names, objects=case.object_names)
    stands_at = first_check()["progress"]["finding"]
    if stands_at is None:
        assert without_remarks(case.found) == {}
    else:
        name = stands_at["key"].removeprefix(FOLDER)
        assert case.found[name][0] == stands_at["difference"]


@settings(max_examples=150)
@given(
    lines=st.sets(names, min_size=1, max_size=7),
    announced=some,
    files=some,
    folders=some,
    page=st.integers(1, 4),
    verified=st.booleans(),
)
def test_the_findings_are_those_of_the_specification(
    lines: set[str],
    announced: set[str],
    files: set[str],
    folders: set[str],
    page: int,
    verified: bool,
) -> None:
    """Pitfall 11, 14, 15: for any dataset, in pages of any size, with and without S3."""
    objects = as_s3_has_them(files, folders)
    expected = differences(lines, announced, objects if verified else None)
    with installed(FakeAws()) as aws, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "VERIFY_OBJECTS", json.dumps(verified))
        aws.dynamodb.items_a_page = aws.s3.keys_a_page = page
        store(aws, lines=lines, announced=announced, objects=objects)
        payload = first_check()
        assert payload["reconcileDone"] == (not without_remarks(expected))
        counts = Counter(kind for kind, _ in expected.values())
        if payload["reconcileDone"]:
            assert Counter(payload["progress"]["remarks"]) == counts

        payload["reconcileDone"] = False
        outcome, reported = last_look(aws, payload)
    assert reported == expected
    kinds = {"missing", "absent", "unexpected", *REMARKS}
    assert {kind: outcome[kind] for kind in kinds} == {kind: counts[kind] for kind in kinds}
    assert outcome["files"] == len(lines)
    assert outcome["found"] == len(lines) - counts["missing"]


@settings(max_examples=150)
@given(
    lines=st.sets(names, min_size=1, max_size=7),
    announced=some,
    files=some,
    folders=some,
    stops=st.lists(st.integers(0, 4), max_size=12),
)
def test_a_check_in_many_short_calls_has_the_same_result(
    lines: set[str], announced: set[str], files: set[str], folders: set[str], stops: list[int]
) -> None:
    """Pitfall 12: it resumes where it stopped, and skips and repeats nothing."""
    objects = as_s3_has_them(files, folders)
    expected = differences(lines, announced, objects)
    with installed(FakeAws()) as aws:
        store(aws, lines=lines, announced=announced, objects=objects)
        payload = first_check(FakeContext(looks_at_the_clock=0))
        for looks in [*stops, None]:
            if not payload["continueNow"]:
                break
            context = FakeContext(looks_at_the_clock=looks)
            payload = json.loads(json.dumps(check(task_event(check=payload), context.typed)))
    assert not payload["continueNow"]
    assert payload["reconcileDone"] == (not without_remarks(expected))
    if payload["reconcileDone"]:
        assert Counter(payload["progress"]["remarks"]) == Counter(
            kind for kind, _ in expected.values()
        )
    else:
        finding = payload["progress"]["finding"]
        name = finding["key"].removeprefix(FOLDER)
        assert expected[name] == (finding["difference"], finding["in_s3"])
