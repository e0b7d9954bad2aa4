"""All events of a day, delivered twice more, change nothing and announce nothing again."""

from __future__ import annotations

import copy
import json
from collections import Counter
from itertools import count
from typing import Any

from handlers import classify_upload, reconcile_check, reconcile_notify, record_upload, sweep_sets
from tests.unit.fakes import EVENT_TABLE, OUTCOME_TABLE, SET_TABLE, FakeAws, FakeContext
from tests.unit.samples import EVENT_TIME, EXECUTION, batch, object_upload, task_event

CONTEXT = FakeContext().typed
DAY = 86_400
numbers = count()


def deliver(aws: FakeAws, announcements: list[dict[str, Any]]) -> None:
    """Carry a day's uploads through every function, as rules and queues do."""
    before = len(aws.events.accepted)
    assert classify_upload.handler(batch(*announcements), CONTEXT) == {"batchItemFailures": []}
    published = [
        {"detail-type": each["DetailType"], "detail": json.loads(each["Detail"])}
        for each in aws.events.accepted[before:]
    ]
    assert record_upload.handler(batch(*published), CONTEXT) == {"batchItemFailures": []}
    for event in published:
        if event["detail-type"] == "Manifest File Upload Event":
            reconcile(event)


def reconcile(manifest: dict[str, Any]) -> None:
    """Run an execution of its own for a manifest event."""
    task = task_event(ticker=1, execution=f"{EXECUTION}-{next(numbers)}")
    task["state"] |= manifest
    checked = json.loads(json.dumps(reconcile_check.handler(task, CONTEXT)))
    task["state"]["reconcilecheck"] = {"Payload": checked}
    reconcile_notify.handler(task, CONTEXT)


def outcomes(aws: FakeAws) -> Counter[str]:
    """Count what consumers received, by detail type."""
    types = (each["DetailType"] for each in aws.events.accepted)
    return Counter(each for each in types if not each.endswith("File Upload Event"))


def state(aws: FakeAws) -> Any:
    """Return what the tables know of uploads, outcomes and sets; not which executions looked."""
    sets = [
        {name: row.get(name) for name in ("manifest", "outcomeId", "firstArrival", "lastArrival")}
        for row in aws.dynamodb.rows(SET_TABLE)
        if row["folder"]["S"].endswith("/")
    ]
    decided = [row for row in aws.dynamodb.rows(OUTCOME_TABLE) if "detail" in row]
    return copy.deepcopy((aws.dynamodb.rows(EVENT_TABLE), decided, sets))


def test_a_day_replayed_twice_changes_nothing_and_announces_nothing(aws: FakeAws) -> None:
    """One set is complete, one lacks a file, and one has no manifest."""
    aws.clock.now = EVENT_TIME
    keys = ["a-vaultjob/1", "a-vaultjob/2", "b-vaultjob/1", "c-vaultjob/1"]
    for key in keys:
        aws.s3.put(key)
    aws.s3.put("a-vaultjob/a.manifest", b"a-vaultjob/1\na-vaultjob/2\n")
    aws.s3.put("b-vaultjob/b.manifest", b"b-vaultjob/1\nb-vaultjob/never\n")
    manifests = ["a-vaultjob/a.manifest", "b-vaultjob/b.manifest"]
    day = [object_upload(key, object_size=1) for key in keys + manifests]

    deliver(aws, day)
    aws.clock.now += DAY + 1
    sweep_sets.handler({}, CONTEXT)
    expected = {
        "File Upload Reconciliation Successful": 1,
        "File Upload Reconciliation Timeout": 1,
        "Dataset Manifest Overdue": 1,
    }
    assert outcomes(aws) == expected
    before = state(aws)

    for replay in (day, day[::-1]):
        aws.clock.now += 600
        deliver(aws, replay)
        aws.clock.now += 2 * DAY
        sweep_sets.handler({}, CONTEXT)
    assert outcomes(aws) == expected
    assert state(aws) == before
    assert aws.states.executions == {}
    assert aws.lambda_.calls == []
