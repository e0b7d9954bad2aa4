"""tools.audit.checks: the interpretation of the tools' output."""

from __future__ import annotations

import hashlib
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tools.audit import __main__ as command
from tools.audit.audited import Audited
from tools.audit.checks import checkov, secrets, validate
from tools.audit.checks.registry import Check
from tools.audit.errors import AuditError
from tools.audit.skips import Failure
from tools.audit.stacks import Stack
from tools.audit.violation import Violation


def test_checkov_reports_stack_resource_and_rule() -> None:
    path = Path("/plans/prod-A.json")
    failed = {
        "file_abs_path": str(path),
        "resource": "aws_s3_bucket.a",
        "check_id": "CKV_1",
        "check_name": "Ensure that it is closed",
    }
    answer = {"summary": {"resource_count": 1}, "results": {"failed_checks": [failed]}}
    assert list(checkov.failures(answer, {path: "A"})) == [
        Failure("A", "aws_s3_bucket.a", "CKV_1", "Ensure that it is closed")
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {"passed": 0, "failed": 0, "resource_count": 0},
        {"summary": {"resource_count": 9, "parsing_errors": 1}, "results": {"failed_checks": []}},
    ],
)
def test_a_plan_that_checkov_cannot_read_does_not_pass(answer: dict[str, Any]) -> None:
    with pytest.raises(AuditError, match="did not read"):
        list(checkov.failures(answer, {}))


def test_terraform_reports_errors_and_warnings() -> None:
    reported = {
        "severity": "warning",
        "summary": "Deprecated",
        "detail": "Use\nanother",
        "address": "a.b",
    }
    stack = Stack("A", "test", Path(), {}, diagnostics=[reported], plan={})
    audited = Audited(Path(), Path(), lambda: [stack])
    assert list(validate.find(audited)) == [
        Violation("A (test) a.b", "warning: Deprecated. Use another")
    ]


def test_a_valid_stack_that_cannot_be_planned_is_reported_once() -> None:
    stack = Stack("A", "test", Path(), {}, unplanned="terraform plan failed: so")
    audited = Audited(Path(), Path(), lambda: [stack])
    assert list(validate.find(audited)) == [Violation("A (test)", "terraform plan failed: so")]


def test_a_known_string_is_no_finding_while_a_file_contains_it() -> None:
    def answer(*values: str) -> str:
        found = [
            {
                "hashed_secret": hashlib.sha1(value.encode()).hexdigest(),
                "line_number": line,
                "type": "Secret Keyword",
            }
            for line, value in enumerate(values, start=1)
        ]
        return json.dumps({"results": {"a.py": found}})

    known = {"made up": "for a test"}
    assert list(secrets.unknown(answer("made up"), known)) == []
    assert list(secrets.unknown(answer("made up", "real"), known)) == [
        Violation("a.py:2", "Secret Keyword")
    ]
    (stale,) = secrets.unknown(answer(), known)
    assert "'made up' is known, but in no file" in str(stale)


def nothing(audited: Audited) -> Iterator[Violation]:
    return iter(())


def one(audited: Audited) -> Iterator[Violation]:
    yield Violation("here", "is a fault")


def breaks(audited: Audited) -> Iterator[Violation]:
    raise AuditError("the tool is gone")


def test_every_check_runs_whatever_the_others_find(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = [
        Check(find.__name__, find.__name__, find, needs_stacks=False)
        for find in (breaks, one, nothing)
    ]
    monkeypatch.setattr(command, "CHECKS", checks)
    monkeypatch.setattr(sys, "argv", ["audit"])
    assert command.main() == 1
    out = capsys.readouterr().out
    assert "the check itself: the tool is gone" in out
    assert "here: is a fault" in out
    assert out.splitlines()[-1].startswith("1 passed, 2 failed in ")
    monkeypatch.setattr(sys, "argv", ["audit", "--only", "nothing"])
    assert command.main() == 0


def test_an_unknown_check_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["audit", "--only", "everything"])
    with pytest.raises(SystemExit):
        command.main()


def test_a_failed_planning_is_not_repeated() -> None:
    asked = []

    def plan() -> list[Stack]:
        asked.append(1)
        raise AuditError("no stacks")

    audited = Audited(Path(), Path(), plan)
    for _ in range(2):
        with pytest.raises(AuditError, match="no stacks"):
            audited.stacks  # noqa: B018
    assert asked == [1]


def chosen(monkeypatch: pytest.MonkeyPatch, variable: str, *given: str) -> list[str]:
    """Return the environments that ``python -m tools.audit`` plans."""
    asked: list[str] = []

    def plan(scratch: Path, environments: Sequence[str]) -> list[Stack]:
        asked.extend(environments)
        return []

    monkeypatch.setattr(command, "plan", plan)
    monkeypatch.setattr(command, "CHECKS", [Check("nothing", "nothing", nothing)])
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(sys, "argv", ["audit", *given])
    monkeypatch.setenv("VAULT_ENV", variable)
    assert command.main() == 0
    return asked


def test_the_planned_stacks_are_those_of_the_chosen_environments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without an argument the environment is that in VAULT_ENV, and without VAULT_ENV it is prod."""
    assert chosen(monkeypatch, "", "--environment", "a", "--environment", "b") == ["a", "b"]
    assert chosen(monkeypatch, "dev", "--environment", "a") == ["a"]
    assert chosen(monkeypatch, "dev") == ["dev"]
    assert chosen(monkeypatch, "") == ["prod"]


def test_an_interruption_is_reported_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "audit", interrupted)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(sys, "argv", ["audit"])
    assert command.main() == 130
    assert capsys.readouterr().err == "Interrupted: not every check has run.\n"
