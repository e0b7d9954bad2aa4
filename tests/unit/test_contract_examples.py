"""The examples in docs/contract.md are events that the handlers publish, except for ids."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from handlers import reconcile_check, reconcile_notify, sweep_sets
from handlers.core.errors import ManifestError
from tests.unit.fakes import FakeAws, FakeContext
from tests.unit.published_events import check_event
from tests.unit.samples import EVENT_TIME, data_event, manifest_upload, store, task_event, upload
from tests.unit.test_sweep_sets import record

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"
MANIFEST = manifest_upload("payroll-vaultjob/payroll.manifest", set_id="payroll")
CONTEXT = FakeContext().typed
FRESH = re.compile(r"[0-9a-f]{32,64}")
"""Matches ids: the folder of a report differs from call to call."""


def successful(aws: FakeAws) -> None:
    store(aws, lines=["a.txt"], announced=["a.txt"], objects=["a.txt"], manifest=MANIFEST)
    reconcile()


def timed_out(aws: FakeAws) -> None:
    store(aws, lines=["a.txt", "b.txt"], announced=["a.txt"], objects=["a.txt"], manifest=MANIFEST)
    reconcile()


def failed(aws: FakeAws) -> None:
    store(aws, lines=["x/../a.txt"], manifest=MANIFEST)
    cause = {"errorMessage": error_of_check(), "errorType": "ManifestError", "stackTrace": []}
    failure = {"Error": "ManifestError", "Cause": json.dumps(cause)}
    reconcile_notify.handler(task_event(manifest=MANIFEST, failure=failure), CONTEXT)


def overdue(aws: FakeAws) -> None:
    record(data_event(upload("payroll-vaultjob/a.txt"), set_id="payroll"))
    aws.folders.modified = {"payroll-vaultjob/payroll.manifest.filepart": EVENT_TIME}
    aws.clock.now = EVENT_TIME + 86_400
    sweep_sets.handler({}, CONTEXT)


def reconcile() -> None:
    """Run a check and Notify, as the last iteration."""
    checked = reconcile_check.handler(task_event(manifest=MANIFEST), CONTEXT)
    event = task_event(manifest=MANIFEST, ticker=960, check=json.loads(json.dumps(checked)))
    reconcile_notify.handler(event, CONTEXT)


def error_of_check() -> str:
    with pytest.raises(ManifestError) as caught:
        reconcile_check.handler(task_event(manifest=MANIFEST), CONTEXT)
    return str(caught.value)


def example(heading: str) -> Any:
    """Return the first JSON block below a heading of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"### {heading}\n", 1)[1]
    return json.loads(section.split("```json\n", 1)[1].split("```", 1)[0])


@pytest.mark.parametrize(
    ("heading", "happen"),
    [
        ("File Upload Reconciliation Successful", successful),
        ("File Upload Reconciliation Timeout", timed_out),
        ("File Upload Reconciliation Failed", failed),
        ("Dataset Manifest Overdue", overdue),
    ],
)
def test_the_page_shows_what_is_published(aws: FakeAws, heading: str, happen: Any) -> None:
    happen(aws)
    (event,) = (each for each in aws.events.accepted if each["DetailType"] == heading)
    shown = example(heading)
    check_event(heading, json.dumps(shown))
    assert FRESH.sub("ID", json.dumps(shown)) == FRESH.sub("ID", event["Detail"])
