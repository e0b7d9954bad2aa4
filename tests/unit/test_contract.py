"""docs/schemas: each schema refuses events that break the contract, and no schema is unused."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.core.difference import DifferenceType
from handlers.core.events import ManifestUpload, ObjectUpload
from handlers.core.outcome import DETAIL_TYPES, Outcome, Status
from handlers.core.tally import Tally
from tests.unit.published_events import SCHEMA_OF, SCHEMAS, check, validator

MANIFEST = ManifestUpload(
    set_id="a",
    upload=ObjectUpload(
        bucket="b", key="a-vaultjob/a.manifest", size_bytes=1, event_time=1_795_523_696
    ),
)


def outcome(status: Status, found: dict[str, Any]) -> dict[str, Any]:
    return Outcome(
        manifest=MANIFEST,
        version_id="v",
        status=status,
        reason="A sentence",
        execution="arn",
        started=1,
        finished=2,
        iterations=None,
        report="s3://reports/a/summary.json",
        found=found,
    ).detail()


def test_every_event_has_a_schema_and_every_schema_is_in_use() -> None:
    assert SCHEMA_OF.keys() >= set(DETAIL_TYPES.values())
    others = {"difference", "object-announced"}
    assert {path.stem for path in SCHEMAS.glob("*.json")} == {*SCHEMA_OF.values(), *others}


@pytest.mark.parametrize("status", [Status.TIMED_OUT, Status.FAILED])
def test_an_outcome_without_a_comparison_has_null_counts(status: Status) -> None:
    check("reconciliation-outcome", outcome(status, {}))


@pytest.mark.parametrize(
    "change",
    [{"missing": "1"}, {"status": "Done"}, {"outcome-id": "x"}, {"examples": [{"key": "k"}]}],
)
def test_an_outcome_that_breaks_the_contract_is_refused(change: dict[str, Any]) -> None:
    whole = outcome(Status.TIMED_OUT, Tally(files=1).detail())
    check("reconciliation-outcome", whole)
    with pytest.raises(AssertionError):
        check("reconciliation-outcome", whole | change)


@pytest.mark.parametrize("type_", DifferenceType)
def test_a_successful_outcome_with_a_difference_is_refused(type_: DifferenceType) -> None:
    whole = outcome(Status.SUCCESSFUL, Tally(files=1).detail())
    check("reconciliation-outcome", whole)
    with pytest.raises(AssertionError, match=type_.value):
        check("reconciliation-outcome", whole | {type_.value: 1})


def test_an_outcome_has_each_field_of_its_schema_and_no_other() -> None:
    schema: Any = validator("reconciliation-outcome").schema
    published = outcome(Status.TIMED_OUT, {}).keys() | {"notice"}
    assert published == schema["properties"].keys()


def test_only_fields_that_release_0_1_0_did_not_have_may_be_absent() -> None:
    schema: Any = validator("reconciliation-outcome").schema
    assert schema["properties"].keys() - set(schema["required"]) == {
        "hint",
        "vanished",
        "unlisted-folder",
        "unannounced",
        "verified",
        "unverified",
        "checksum-mismatch",
        "receipt",
        "receipt-sha256",
        "notice",
    }


def test_every_type_of_difference_is_documented() -> None:
    schema: Any = validator("difference").schema
    documented = schema["properties"]["type"]["enum"]
    assert {each.value for each in DifferenceType} <= set(documented)
