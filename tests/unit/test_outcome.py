"""An outcome has the contract's fields, and one id for one manifest upload."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.difference import Difference, DifferenceType, Remark, RemarkType
from handlers.core.outcome import DETAIL_TYPES, FOUND, Outcome, Status
from handlers.core.tally import Tally, not_read
from tests.unit.published_events import validator
from tests.unit.samples import EVENT_TIME, EXECUTION, OTHER_EXECUTION, manifest_upload, upload

SCHEMA: Any = validator("reconciliation-outcome").schema
CONTRACT_FIELDS = SCHEMA["properties"].keys() - {"notice"}
"""All fields of the event but the notice, which is added at publication."""
COUNTED = set(FOUND) - {"files", "examples"}
"""The fields that are null if the comparison did not finish."""

OUTCOME = Outcome(
    manifest=manifest_upload(),
    version_id="v1",
    status=Status.TIMED_OUT,
    reason="Not complete",
    execution=EXECUTION,
    started=EVENT_TIME,
    finished=EVENT_TIME + 60,
    iterations=2,
    report="s3://reports/summary.json",
    found=Tally(files=3).detail(),
)


@pytest.mark.parametrize("found", [Tally(files=3).detail(), {}], ids=["looked", "never looked"])
@pytest.mark.parametrize("status", list(Status))
def test_every_outcome_has_every_field_of_the_contract(
    status: Status, found: dict[str, Any]
) -> None:
    """It has no other field."""
    detail = json.loads(json.dumps(replace(OUTCOME, status=status, found=found).detail()))
    assert detail.keys() == CONTRACT_FIELDS
    assert detail["status"] == status.value


@pytest.mark.parametrize("type_", [*DifferenceType, *RemarkType])
def test_an_outcome_counts_every_type_of_difference_and_remark(
    type_: DifferenceType | RemarkType,
) -> None:
    """A new type must appear in the tally and in the event."""
    found = Tally(files=3)
    if isinstance(type_, DifferenceType):
        found.add(Difference(key="k", type=type_))
    else:
        found.add(Remark(key="k", type=type_))
    detail = replace(OUTCOME, found=found.detail()).detail()
    assert detail[type_.value] == 1
    assert all(replace(OUTCOME, found={}).detail()[name] is None for name in found.detail())


def test_a_count_of_keys_that_were_not_read_is_null() -> None:
    """Pitfall 39: an outcome has no count of something that was not read."""
    at = Difference(key="k", type=DifferenceType.MISSING)
    detail = replace(OUTCOME, found=not_read(3, at)).detail()
    assert detail["files"] == 3
    assert detail["examples"] == [{"type": "missing", "key": "k"}]
    assert {detail[name] for name in COUNTED} == {None}


def test_the_statuses_have_the_words_of_the_contract() -> None:
    assert {status.value: detail_type for status, detail_type in DETAIL_TYPES.items()} == {
        "Successful": "File Upload Reconciliation Successful",
        "Timed out": "File Upload Reconciliation Timeout",
        "Failed": "File Upload Reconciliation Failed",
    }


def test_all_outcome_events_of_one_manifest_upload_have_one_id() -> None:
    """Pitfall 18: this is independent of the publishing call, its time and the status."""
    other = replace(
        OUTCOME,
        status=Status.FAILED,
        reason="other",
        execution=OTHER_EXECUTION,
        finished=OUTCOME.finished + 1,
        iterations=None,
        report="s3://reports/other",
    )
    assert other.id == OUTCOME.id
    assert OUTCOME.detail()["outcome-id"] == OUTCOME.id


@pytest.mark.parametrize(
    "other",
    [
        replace(OUTCOME, version_id="v2"),
        replace(OUTCOME, manifest=manifest_upload(attempt=2)),
        replace(OUTCOME, manifest=manifest_upload("p/a-vaultjob/a.manifest")),
        replace(
            OUTCOME,
            manifest=replace(
                manifest_upload(), upload=upload("a-vaultjob/a.manifest", bucket="other")
            ),
        ),
    ],
    ids=["version", "attempt", "key", "bucket"],
)
def test_another_version_attempt_key_or_bucket_is_another_manifest_upload(other: Outcome) -> None:
    """Pitfall 18."""
    assert other.id != OUTCOME.id


@given(
    one=st.tuples(st.text(max_size=3), st.text(max_size=3)),
    two=st.tuples(st.text(max_size=3), st.text(max_size=3)),
)
def test_parts_of_an_id_do_not_run_into_each_other(
    one: tuple[str, str], two: tuple[str, str]
) -> None:
    ids = [
        replace(
            OUTCOME, manifest=replace(manifest_upload(), upload=upload(key)), version_id=version
        ).id
        for key, version in (one, two)
    ]
    assert (ids[0] == ids[1]) == (one == two)


@pytest.mark.parametrize("character", ["x", '"', "\x01", "\u00e9", "\U0001f600"])
@pytest.mark.parametrize("length", [10, 300, 1000])
def test_examples_are_at_most_a_hundred_and_64_kb(character: str, length: int) -> None:
    """Pitfall 14: an event has 256 KB; the whole list is in the report."""
    tally = Tally(files=1_000)
    for number in range(1_000):
        key = f"{number:04}{length // len(character.encode()) * character}"
        tally.add(Difference(key=key, type=DifferenceType.MISSING, in_s3=True))
    found = tally.detail()
    assert found["missing"] == 1_000
    assert 0 < len(found["examples"]) <= 100
    assert len(json.dumps(found["examples"])) <= 64 * 1024
    assert [each["key"][:4] for each in found["examples"]] == [
        f"{number:04}" for number in range(len(found["examples"]))
    ]


def test_short_keys_give_a_hundred_examples() -> None:
    tally = Tally(files=1_000)
    for number in range(200):
        tally.add(Difference(key=f"a-vaultjob/{number}", type=DifferenceType.UNEXPECTED))
    assert len(tally.detail()["examples"]) == 100


@pytest.mark.parametrize(
    ("difference", "line"),
    [
        (
            Difference(key="k", type=DifferenceType.MISSING, in_s3=False),
            {"type": "missing", "key": "k", "inS3": False},
        ),
        (
            Difference(key="k", type=DifferenceType.MISSING),
            {"type": "missing", "key": "k"},
        ),
        (Difference(key="k", type=DifferenceType.ABSENT), {"type": "absent", "key": "k"}),
        (
            Difference(key="k", type=DifferenceType.UNEXPECTED),
            {"type": "unexpected", "key": "k"},
        ),
    ],
)
def test_an_example_is_typed(difference: Difference, line: dict[str, Any]) -> None:
    """Pitfall 14: ``inS3`` shows whether only the event of a missing key was lost."""
    assert json.loads(json.dumps(difference.report_line())) == line
