"""docs/contract.md and docs/schemas: complete, and each schema refuses events that break the contract."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from handlers.core.difference import DifferenceType, RemarkType
from handlers.core.events import ManifestUpload, ObjectUpload
from handlers.core.outcome import DETAIL_TYPES, Outcome, Status
from handlers.core.tally import Tally
from local import outcome_sentences
from operations import html_report, report, report_files
from tests.unit.published_events import SCHEMA_OF, SCHEMAS, check, validator

OLDEST_ROWS = Path(__file__).parents[1] / "payloads" / "0.1.0" / "outcome-rows.json"
DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "contract.md").read_text(encoding="utf-8")
RUNBOOK = (DOCS / "operations.md").read_text(encoding="utf-8")
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


def test_the_page_lists_every_event_with_its_schema() -> None:
    rows = re.findall(r"^\| ([\w ]+) \| \[[\w-]+\]\(schemas/([\w-]+)\.json\)", PAGE, re.MULTILINE)
    assert dict(rows) == SCHEMA_OF


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


def test_no_field_of_release_0_1_0_was_removed() -> None:
    """Contract: fields may be added, but never removed."""
    schema: Any = validator("reconciliation-outcome").schema
    decided = json.loads(OLDEST_ROWS.read_text(encoding="utf-8"))[0]["detail"]["S"]
    assert json.loads(decided).keys() == set(schema["required"])


def test_the_page_has_every_field_of_an_outcome() -> None:
    schema: Any = validator("reconciliation-outcome").schema
    table, _, after = PAGE.partition("### Outcomes\n")[2].partition("\n\n")
    cells = " ".join(line.split("|")[1] for line in table.splitlines()[2:])
    assert set(named(cells)) == schema["properties"].keys()
    lacking = after.partition("An outcome that an older release decided")[2].partition(".\n")[0]
    may_be_absent = schema["properties"].keys() - set(schema["required"])
    assert may_be_absent == {*named(lacking), "notice"}, "notice is added at publication"


def test_the_page_has_every_type_of_difference() -> None:
    table = PAGE.partition("| type | listed |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)
    assert rows == list(DifferenceType)
    schema: Any = validator("difference").schema
    assert schema["properties"]["type"]["enum"] == list(DifferenceType)
    outcomes: Any = validator("reconciliation-outcome").schema
    assert outcomes["properties"]["examples"]["items"]["properties"] == schema["properties"]


@pytest.mark.parametrize("texts", [report.MARKS, html_report.TYPES, outcome_sentences.TYPES])
def test_people_read_what_a_type_of_difference_means(texts: Mapping[str, str]) -> None:
    assert list(texts) == list(DifferenceType)


def test_operators_read_a_remedy_for_each_type_of_difference() -> None:
    table = RUNBOOK.partition("| `show` prints for a key |")[2].partition("\n\n")[0]
    named_first = re.findall(r"^\| ([a-z][a-z-]*)(?: \(.*?\))? \|", table, re.MULTILINE)
    assert list(dict.fromkeys(named_first)) == list(DifferenceType)


def test_people_read_what_a_remark_means() -> None:
    assert report_files.REMARKS.keys() == set(RemarkType)


def named(text: str) -> list[str]:
    """Return the names between backquotes."""
    return re.findall(r"`([^`]+)`", text)
