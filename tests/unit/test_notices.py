"""A notice is a sentence that remains valid in an input template, for any name of a set."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.notices import of_outcome, of_overdue

OUTCOME: dict[str, Any] = {
    "set-id": "2026-11-payroll",
    "object-key": "2026-11-payroll-vaultjob/2026-11-payroll.manifest",
    "status": "Timed out",
    "attempt": 1,
    "files": 1_201,
    "found": 1_200,
    "reason": "Not complete",
    "report": "s3://reports/2026-11-payroll/e1/summary.json",
}
OVERDUE: dict[str, Any] = {
    "set-id": "a",
    "set-folder": "a-vaultjob/",
    "first-arrival": 1_795_523_600,
    "last-arrival": 1_795_527_200,
    "near-misses": [],
}


@pytest.mark.parametrize(
    ("change", "middle", "command"),
    [
        ({}, "timed out: 1,200 of 1,201 listed keys were announced. Not complete", "show"),
        ({"found": None, "attempt": 2}, "timed out (attempt 2). Not complete", "show"),
        (
            {"status": "Successful", "found": 1_201, "reason": "All agree"},
            "is complete: 1,201 of 1,201 listed keys were announced. All agree",
            "report",
        ),
        (
            {"status": "Failed", "files": None, "found": None, "reason": "ManifestError: empty"},
            "could not be reconciled. ManifestError: empty",
            "report",
        ),
    ],
)
def test_an_outcome_is_a_sentence_with_its_numbers_and_the_next_command(
    change: dict[str, Any], middle: str, command: str
) -> None:
    report = "(report: s3://reports/2026-11-payroll/e1/summary.json)."
    assert of_outcome(OUTCOME | change) == {
        "sentence": f"The set 2026-11-payroll {middle} {report}",
        "command": f"{command} 2026-11-payroll",
    }


@pytest.mark.parametrize(
    ("near", "end"),
    [
        ([], "."),
        (
            ["a-vaultjob/A.manifest"],
            ". Keys with the manifest's name or a similar one: a-vaultjob/A.manifest.",
        ),
    ],
)
def test_an_overdue_manifest_is_a_sentence(near: list[str], end: str) -> None:
    assert of_overdue(OVERDUE | {"near-misses": near}) == {
        "sentence": "The set a has no manifest: its first object was announced at 2026-11-24 12:33"
        f" UTC, its last at 2026-11-24 13:33 UTC{end}",
        "command": "show a",
    }


@pytest.mark.parametrize(
    ("command", "set_ids"),
    [
        ("show 'pay roll; x'", ["pay roll; x"]),
        ("status", ['a"b', "a\\b", "a<sentence>", "a\u202eb", "a\nb", "it's", "-a"]),
    ],
)
def test_a_notice_names_the_set_as_a_shell_word_or_lists_the_sets(
    command: str, set_ids: list[str]
) -> None:
    assert {of_outcome(OUTCOME | {"set-id": each})["command"] for each in set_ids} == {command}


@pytest.mark.parametrize(
    ("prefix", "option"),
    [("team-a/", " --prefix team-a/"), ("a b/c/", " --prefix 'a b/c/'")],
)
def test_the_command_has_the_prefix_of_the_share(prefix: str, option: str) -> None:
    outcome = of_outcome(OUTCOME | {"object-key": f"{prefix}{OUTCOME['object-key']}"})
    assert outcome["command"] == f"show 2026-11-payroll{option}"
    overdue = of_overdue(OVERDUE | {"set-folder": f"{prefix}a-vaultjob/"})
    assert overdue["command"] == f"show a{option}"


@given(st.text(min_size=1), st.text(), st.text(min_size=1))
def test_a_notice_in_quotation_marks_is_valid_json(set_id: str, reason: str, key: str) -> None:
    """EventBridge inserts values into a template unchanged."""
    outcome = of_outcome(
        OUTCOME | {"set-id": set_id, "reason": reason, "report": key, "object-key": key}
    )
    overdue = of_overdue(OVERDUE | {"set-id": set_id, "near-misses": [key], "set-folder": key})
    for text in (*outcome.values(), *overdue.values()):
        assert json.loads(f'"{text}"') == text
        assert text.isprintable()
        assert "<" not in text
