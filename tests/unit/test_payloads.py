"""One release reads the state that another release of the check returned, as after a deployment.

``tests/payloads/0.1.0`` has the results of the functions of release 0.1.0 (commit 3200abb); the
tests build the dataset of each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from handlers.reconcile_check import handler as check_handler
from handlers.reconcile_notify import handler as notify_handler
from tests.unit.fakes import OUTCOME_TABLE, REPORTS_BUCKET, FakeAws, FakeContext
from tests.unit.manifests import rich
from tests.unit.samples import EXECUTION, OTHER_EXECUTION, put_row, store, task_event

Payload = dict[str, Any]
RELEASE = Path(__file__).parents[1] / "payloads" / "0.1.0"
CHECKS = sorted(path.stem for path in RELEASE.glob("*.json") if path.stem != "outcome-rows")


def released(name: str) -> Any:
    """Return a result of release 0.1.0."""
    return json.loads((RELEASE / f"{name}.json").read_text(encoding="utf-8"))


def truncated(aws: FakeAws) -> None:
    """Put a file that is one byte too short."""
    aws.s3.put("a-vaultjob/a.manifest", rich([(5, "a-vaultjob/x")]))
    aws.s3.put("a-vaultjob/x", b"1234")
    put_row(aws, "a-vaultjob/x", size_bytes=4)


def sorted_copy(aws: FakeAws) -> None:
    """Put an unsorted manifest, and the copy that its first check made."""
    store(aws, lines=["z", "\u00e9", "a"], announced=["a"], objects=["a"])
    copy = "a-vaultjob/a\na-vaultjob/z\na-vaultjob/\u00e9\n".encode()
    aws.s3.put("a/one/manifest.sorted", copy, bucket=REPORTS_BUCKET)


def complete(*lines: str, objects: tuple[str, ...] = ()) -> Callable[[FakeAws], None]:
    """Return a function that puts a dataset without a difference."""

    def put(aws: FakeAws) -> None:
        store(aws, lines=lines, announced=lines, objects=objects or lines)

    return put


def one_missing(aws: FakeAws) -> None:
    """Put a dataset whose middle file has no event."""
    store(aws, lines=["a", "b", "c"], announced=["a", "c"], objects=["a", "b", "c"])


IN_A_FOLDER = ("d", "d-a", "d-b", "d-c", "e")
NEXT: Mapping[str, tuple[Callable[[FakeAws], None], bool, str | None]] = {
    "continues-in-the-last-lap": (complete(*"abcde"), True, None),
    "continues-with-a-folder-held": (
        complete(*IN_A_FOLDER, objects=("d-a", "d-b", "d-c", "d/", "e")),
        True,
        None,
    ),
    "done": (complete("x"), True, None),
    "sorted-copy": (sorted_copy, False, "a-vaultjob/z"),
    "stands-at-missing": (one_missing, False, "a-vaultjob/b"),
    "stands-at-size-mismatch": (truncated, False, "a-vaultjob/x"),
}
"""By the payload's name: its dataset, whether that is complete, and where the next check stops."""


def check(payload: Payload) -> Payload:
    """Return the next check's result for *payload*."""
    answer: Payload = check_handler(task_event(check=payload), FakeContext().typed)
    return answer


def renamed(value: Any, change: Callable[[Payload], Payload]) -> Any:
    """Return *value* with each JSON object in it changed."""
    if isinstance(value, list):
        return [renamed(each, change) for each in value]
    if isinstance(value, dict):
        return change({name: renamed(each, change) for name, each in value.items()})
    return value


def test_each_payload_of_the_release_has_a_dataset() -> None:
    """So the tests below cover all of them."""
    assert sorted(NEXT) == CHECKS


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_goes_on_where_one_of_release_0_1_0_stood(aws: FakeAws, name: str) -> None:
    """Pitfall 47."""
    put, done, stands_at = NEXT[name]
    put(aws)
    answer = check(released(name))
    difference = answer["progress"]["finding"]
    assert answer["reconcileDone"] is done
    assert (difference and difference["key"]) == stands_at


@pytest.mark.parametrize("name", CHECKS)
def test_fields_of_a_later_release_are_ignored(aws: FakeAws, name: str) -> None:
    """Pitfall 47: this covers a rollback, for every object in the payload."""
    put, done, _ = NEXT[name]
    put(aws)
    newer = renamed(check(released(name)), lambda each: each | {"addedLater": {"x": [1]}})
    assert check(newer)["reconcileDone"] is done


@pytest.mark.parametrize("name", CHECKS)
def test_fields_that_an_earlier_release_did_not_write_have_defaults(
    aws: FakeAws, name: str
) -> None:
    """Pitfall 47: every field with its default value may be missing."""
    put, done, stands_at = NEXT[name]
    put(aws)
    older = renamed(
        check(released(name)),
        lambda each: {key: value for key, value in each.items() if value not in (None, 0, "", [])},
    )
    answer = check(older)
    difference = answer["progress"]["finding"]
    assert answer["reconcileDone"] is done
    assert (difference and difference["key"]) == stands_at


def test_a_held_folder_has_named_fields(aws: FakeAws) -> None:
    """Release 0.1.0 wrote its values without names, so that no field could be added or removed."""
    put, _, _ = NEXT["continues-with-a-folder-held"]
    put(aws)
    event = task_event(check=released("continues-with-a-folder-held"))
    answer = check_handler(event, FakeContext(remaining_ms=0).typed)
    (held,) = answer["progress"]["held"]
    assert held["length"] == len("a-vaultjob/d")
    assert (held["listed"], held["announced"]) == (True, True)


def test_types_of_a_later_release_are_no_error(aws: FakeAws) -> None:
    """Pitfall 47: after a rollback, a check that stopped at such a difference begins again."""
    one_missing(aws)
    later = released("stands-at-missing")
    later["progress"]["finding"]["difference"] = "checksum-mismatch"
    later["progress"]["remarks"] = {"renamed": 1, "ignored": 1}
    assert check(later)["progress"]["finding"]["key"] == "a-vaultjob/b"


@pytest.mark.parametrize("execution", [EXECUTION, OTHER_EXECUTION])
def test_an_outcome_that_release_0_1_0_decided_is_published_as_it_is_written(
    aws: FakeAws, execution: str
) -> None:
    """Pitfalls 18 and 47: its own execution publishes it, or another one after the claim."""
    for item in released("outcome-rows"):
        aws.dynamodb.put_item(TableName=OUTCOME_TABLE, Item=item)
    aws.clock.now += 61
    store(aws, lines=["a", "b"], announced=["a", "b"], objects=["a", "b"])
    event = task_event(ticker=5, count=5, check=released("stands-at-missing"), execution=execution)
    notify_handler(event, FakeContext().typed)
    (entry,) = aws.events.accepted
    detail = json.loads(entry["Detail"])
    assert detail.pop("notice")
    assert detail == json.loads(released("outcome-rows")[0]["detail"]["S"])
