"""The example workflow parses, has few permissions, and runs targets that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped,unused-ignore]

from deployment.review.planning import SUMMARY

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "examples" / "plan-review.yml").read_text(encoding="utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS = WORKFLOW["jobs"]


def steps(job: str) -> str:
    return " ".join(step.get("run", "") for step in JOBS[job]["steps"])


def test_every_action_is_pinned_to_a_commit() -> None:
    used = [step["uses"] for job in JOBS.values() for step in job["steps"] if "uses" in step]
    assert used
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each)] == []


def test_the_job_that_runs_the_pull_requests_code_writes_nowhere() -> None:
    assert WORKFLOW["permissions"] == {}
    assert JOBS["plan"]["permissions"] == {"contents": "read", "id-token": "write"}
    assert "make plan" in steps("plan")


def test_the_job_that_may_write_runs_none_of_it() -> None:
    assert JOBS["comment"]["permissions"] == {"pull-requests": "write"}
    assert "make" not in steps("comment")
    assert "checkout" not in str(JOBS["comment"])


def test_no_command_contains_an_expression() -> None:
    """GitHub puts the value of ``${{ }}`` into a command before the shell runs it."""
    assert "${{" not in steps("plan") + steps("comment")


def test_the_summary_that_it_comments_with_is_the_one_that_is_written() -> None:
    assert f"build/plans/prod/{SUMMARY}" in TEXT
    assert f"--body-file {SUMMARY}" in TEXT
    assert re.search(r"^plan:", (ROOT / "Makefile").read_text(), re.MULTILINE)
