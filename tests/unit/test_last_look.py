"""A last look in several calls of Notify reports everything once, or counts nothing."""

from __future__ import annotations

import gzip
import json
from functools import reduce
from typing import Any

import pytest

from handlers.aws.last_look import MAX_CALLS
from handlers.core.errors import LookUnfinishedError
from handlers.reconcile_check import handler as check
from handlers.reconcile_notify import RESERVE_SECONDS
from handlers.reconcile_notify import handler as notify
from stacks.constructs.reconciliation_states import RETRY_NOTIFY
from tests.unit.fakes import REPORTS_BUCKET, FakeAws, FakeContext
from tests.unit.samples import put_row, store, task_event
from tests.unit.test_outcome import COUNTED

NAMES = [f"{number:02}" for number in range(12)]
NO_TIME = FakeContext(remaining_ms=RESERVE_SECONDS * 1000 - 1)


def checked(aws: FakeAws) -> dict[str, Any]:
    """Store a dataset with differences and remarks, with one key a page; return the check's result."""
    there = [name for name in NAMES if name not in ("03", "07")]
    store(
        aws,
        lines=[*NAMES, "e", "\u00e9"],
        announced=[*there, "e", "gone", "more", "e\u0301"],
        objects=[*there, "more", "other", "e\u0301"],
    )
    aws.dynamodb.items_a_page = aws.s3.keys_a_page = 1
    payload: dict[str, Any] = json.loads(json.dumps(check(task_event(), FakeContext().typed)))
    return payload


def outcome_of(aws: FakeAws) -> dict[str, Any]:
    (entry,) = aws.events.accepted
    detail: dict[str, Any] = json.loads(entry["Detail"])
    return detail


def lines_of(aws: FakeAws, outcome: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the lines of all parts in a report's summary."""
    key = outcome["report"].removeprefix(f"s3://{REPORTS_BUCKET}/")
    summary = json.loads(aws.s3.newest(key, bucket=REPORTS_BUCKET))
    return [
        json.loads(line)
        for part in summary[kind]
        for line in gzip.decompress(aws.s3.newest(part, bucket=REPORTS_BUCKET)).splitlines()
    ]


def notified(payload: dict[str, Any], context: FakeContext) -> None:
    notify(task_event(ticker=5, count=5, check=payload), context.typed)


@pytest.mark.parametrize("stops", [0, 1, 2, 5])
def test_a_look_in_several_calls_finds_what_one_call_finds(aws: FakeAws, stops: int) -> None:
    """Pitfall 39: wherever it stops, each key is reported once."""
    payload = checked(aws)
    calls = 0
    while not aws.events.accepted:
        calls += 1
        try:
            notified(payload, FakeContext(looks_at_the_clock=stops))
        except LookUnfinishedError:
            assert calls < MAX_CALLS
    assert calls > 1
    outcome = outcome_of(aws)
    differences, remarks = lines_of(aws, outcome, "differences"), lines_of(aws, outcome, "remarks")
    assert outcome["status"] == "Timed out"
    assert differences == outcome["examples"]
    assert [(line["type"], line["key"].removeprefix("a-vaultjob/")) for line in differences] == [
        ("missing", "03"),
        ("missing", "07"),
        ("absent", "e"),
        ("unexpected", "e\u0301"),
        ("unexpected", "more"),
        ("missing", "\u00e9"),
    ]
    assert [(line["type"], line["key"].removeprefix("a-vaultjob/")) for line in remarks] == [
        ("vanished", "gone"),
        ("unannounced", "other"),
    ]
    counts = ("files", "found", "missing", "absent", "unexpected", "vanished", "unannounced")
    assert [outcome[name] for name in counts] == [14, 11, 3, 1, 2, 1, 1]
    assert "Unicode form" in outcome["hint"]


def test_a_file_that_arrives_before_the_look_reaches_it_is_not_missing(aws: FakeAws) -> None:
    """Pitfall 16: a look that stopped is Successful only when all keys were read."""
    store(aws, lines=NAMES, announced=NAMES[:-1], objects=NAMES[:-1])
    payload = json.loads(json.dumps(check(task_event(), FakeContext().typed)))
    aws.dynamodb.items_a_page = aws.s3.keys_a_page = 1
    with pytest.raises(LookUnfinishedError):
        notified(payload, NO_TIME)
    assert aws.events.accepted == []
    put_row(aws, f"a-vaultjob/{NAMES[-1]}")
    aws.s3.put(f"a-vaultjob/{NAMES[-1]}")
    notified(payload, FakeContext())
    assert outcome_of(aws)["status"] == "Successful"


@pytest.mark.parametrize("field", ["calls", "progress", "tally", "tally.replaced-keys", "report"])
def test_a_look_stored_by_another_release_begins_again(aws: FakeAws, field: str) -> None:
    """Pitfall 47: nothing is reported twice."""
    payload = checked(aws)
    with pytest.raises(LookUnfinishedError):
        notified(payload, FakeContext(looks_at_the_clock=8))
    (kept,) = [key for bucket, key in aws.s3.versions if key.endswith("look.json.gz")]
    state = json.loads(gzip.decompress(aws.s3.newest(kept, bucket=REPORTS_BUCKET)))
    versions = aws.s3.versions[REPORTS_BUCKET, kept]
    *outer, last = field.split(".")
    del reduce(lambda value, name: value[name], outer, state)[last]
    versions["version-1"] = gzip.compress(json.dumps(state).encode())
    notified(payload, FakeContext())
    outcome = outcome_of(aws)
    assert lines_of(aws, outcome, "differences") == outcome["examples"]
    assert (outcome["missing"], outcome["absent"], outcome["unexpected"]) == (3, 1, 2)


def test_a_look_that_cannot_be_finished_counts_nothing(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pitfall 39: counts are null, not 0, and the key at which the last check stopped is an example."""
    monkeypatch.setattr("handlers.aws.last_look.MAX_CALLS", 2)
    payload = checked(aws)
    for _ in range(2):
        with pytest.raises(LookUnfinishedError):
            notified(payload, NO_TIME)
    notified(payload, NO_TIME)
    outcome = outcome_of(aws)
    assert outcome["status"] == "Timed out"
    assert outcome["files"] == 14
    assert {outcome[name] for name in COUNTED} == {None}
    assert outcome["examples"] == [{"type": "missing", "key": "a-vaultjob/03", "inS3": False}]
    assert "'a-vaultjob/03'" in outcome["reason"]


def test_the_key_at_which_the_last_check_stopped_is_among_the_examples(aws: FakeAws) -> None:
    """Pitfall 39: also if many keys before it differ, and only if it still differs."""
    there = [f"{number:03}" for number in range(150)]
    store(aws, lines=[*there, "z"], announced=there, objects=there)
    payload = json.loads(json.dumps(check(task_event(), FakeContext().typed)))
    for name in there:
        aws.s3.versions["bucket", f"a-vaultjob/{name}"].clear()
    notified(payload, FakeContext())
    outcome = outcome_of(aws)
    assert (outcome["absent"], outcome["missing"], len(outcome["examples"])) == (150, 1, 100)
    assert outcome["examples"][-1] == {"type": "missing", "key": "a-vaultjob/z", "inS3": False}


def test_the_report_of_a_complete_set_lists_its_remarks(aws: FakeAws) -> None:
    """Pitfall 8: counted keys can be looked up; a file that arrived later is not among them."""
    store(aws, lines=["x"], announced=["d", "gone", "x"], objects=["d/", "other", "x"])
    payload = json.loads(json.dumps(check(task_event(), FakeContext().typed)))
    assert payload["reconcileDone"]
    put_row(aws, "a-vaultjob/other")
    notified(payload, FakeContext())
    outcome = outcome_of(aws)
    assert outcome["status"] == "Successful"
    counts = ("vanished", "ignored", "unannounced", "unlisted-folder", "unexpected")
    assert [outcome[name] for name in counts] == [1, 0, 1, 1, 0]
    assert lines_of(aws, outcome, "differences") == []
    assert lines_of(aws, outcome, "remarks") == [
        {"type": "unlisted-folder", "key": "a-vaultjob/d"},
        {"type": "vanished", "key": "a-vaultjob/gone"},
    ]


def test_the_state_machine_calls_as_often_as_a_look_may_take() -> None:
    """The last of these calls gives up, and announces that nothing was counted."""
    retries = [
        retrier["MaxAttempts"]
        for retrier in RETRY_NOTIFY
        if "LookUnfinishedError" in retrier["ErrorEquals"]
    ]
    assert retries[0] >= MAX_CALLS
