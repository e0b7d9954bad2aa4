"""``sgvault reconcile`` asks before it repeats a successful reconciliation."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.attempts import present_attempts
from operations.vault import Vault
from tests.unit.operator_account import PARAMETER, Account, installed
from tests.unit.sgvault import sgvault

UPLOADED = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def statuses() -> list[str]:
    """Return the status of each attempt's outcome so far; empty if it expired."""
    return []


@pytest.fixture
def account(statuses: list[str]) -> Iterator[Account]:
    """Return an account with one manifest, and these outcomes of its attempts in order."""

    def get_item(account: Account, parameters: Any) -> Any:
        id_ = parameters["Key"]["id"]["S"]
        if id_.startswith("attempts#"):
            again = len(statuses) - 1
            return {"Item": {"attemptsAgain": {"N": str(again)}}} if again > 0 else {}
        ids = [each["Key"]["id"]["S"] for each in account.named("GetItem")]
        outcomes = list(dict.fromkeys(each for each in ids if not each.startswith("attempts#")))
        number = outcomes.index(id_)
        if number >= len(statuses) or not statuses[number]:
            return {}
        return {"Item": {"detail": {"S": json.dumps({"status": statuses[number]})}}}

    head = {
        "ContentLength": 1,
        "LastModified": UPLOADED,
        "VersionId": "v1",
    }
    counted = itertools.count(1)
    with installed() as account:
        account.answers |= {
            "HeadObject": lambda *_: head,
            "ListExecutions": lambda *_: {"executions": []},
            "GetItem": get_item,
            "BatchGetItem": lambda *_: {"Responses": {}, "UnprocessedKeys": {}},
            "UpdateItem": lambda *_: {"Attributes": {"attemptsAgain": {"N": str(next(counted))}}},
        }
        yield account


def test_a_successful_set_is_repeated_only_after_approval(
    account: Account, statuses: list[str]
) -> None:
    """Without a terminal, --yes is the remedy."""
    statuses += ["Timed out", "Successful"]
    ran = sgvault("reconcile", "a", "--region", "us-east-1")
    assert ran.status == 1
    assert "The outcome of a is Successful already" in ran.err
    assert "--yes" in ran.err
    assert account.named("StartExecution") == []


def test_a_row_of_the_register_that_cannot_be_read_is_named(account: Account) -> None:
    """It may have the id of an outcome that expired, whose number must not be used again."""
    row = {"folder": {"S": "a-vaultjob/"}, "setId": {"S": "a"}, "manifest": {"S": "{"}}
    account.answers["BatchGetItem"] = lambda *_: {"Responses": {PARAMETER["setTableName"]: [row]}}
    ran = sgvault("reconcile", "a", "--yes")
    assert ran.status == 1
    assert "The register's row 'a-vaultjob/' cannot be read" in ran.err
    assert not account.named("StartExecution")


@pytest.mark.parametrize(
    ("before", "flags"),
    [(["Timed out"], []), ([], []), (["Successful", "Failed"], []), (["Successful"], ["--yes"])],
    ids=str,
)
def test_any_other_set_is_reconciled_again(
    account: Account, statuses: list[str], before: list[str], flags: list[str]
) -> None:
    statuses += before
    ran = sgvault("reconcile", "a", "--region", "us-east-1", "--json", *flags)
    assert ran.status == 0, ran.err
    assert len(account.named("StartExecution")) == len(account.named("HeadObject")) == 1
    assert "dev · account" in ran.err


@pytest.mark.parametrize("flags", [[], ["--yes"], ["--dry-run"]], ids=str)
@pytest.mark.parametrize(
    ("began", "decided", "refused"),
    [(1, None, True), (-1, None, False), (1, "Timed out", False)],
    ids=["running", "of an older manifest", "has its outcome already"],
)
def test_no_attempt_is_started_while_one_is_running(
    account: Account,
    statuses: list[str],
    began: int,
    decided: str | None,
    refused: bool,
    flags: list[str],
) -> None:
    statuses += [decided] if decided else []
    detail = {
        "set-id": "a",
        "bucket-name": PARAMETER["fileUploadBucketName"],
        "object-key": "a-vaultjob/a.manifest",
        "object-size": 1,
        "event-time": 1,
    }
    execution = {
        "executionArn": "arn:one",
        "status": "RUNNING",
        "startDate": UPLOADED + timedelta(hours=began),
        "input": json.dumps({"detail": detail}),
    }
    account.answers |= {
        "ListExecutions": lambda *_: {"executions": [execution]},
        "DescribeExecution": lambda *_: execution,
    }
    ran = sgvault("reconcile", "a", "--region", "us-east-1", *flags)
    assert ran.status == int(refused), ran.err
    assert len(account.named("StartExecution")) == int(not refused and "--dry-run" not in flags)
    if refused:
        assert "Nothing was started: attempt 1 of a is running" in ran.err
        assert "arn:one. 'sgvault watch SET --region us-east-1' waits for its outcome." in ran.err
        assert account.named("ListExecutions")[0]["statusFilter"] == "RUNNING"


def test_the_last_outcome_counts(account: Account, statuses: list[str]) -> None:
    statuses += ["Successful", "Timed out"]
    vault = Vault.from_json("/dev/vault", json.dumps(PARAMETER))
    assert present_attempts(vault, set_id="a").so_far()[0] == "Timed out"


def test_an_attempts_number_is_not_used_again_after_its_outcome_expired(account: Account) -> None:
    """The outcome has expired, and the counter never does."""
    for _ in range(2):
        assert sgvault("reconcile", "a", "--region", "us-east-1").status == 0
    started = [json.loads(each["input"]) for each in account.named("StartExecution")]
    assert [each["detail"]["attempt"] for each in started] == [2, 3]


def test_a_dry_run_shows_the_attempt_that_would_begin(
    account: Account, statuses: list[str]
) -> None:
    """A set that is Successful needs no approval for it."""
    statuses += ["Timed out", "Successful"]
    dry = sgvault("reconcile", "a", "--region", "us-east-1", "--dry-run", "--json").json
    assert (dry["attempt"], dry["dryRun"], dry["executionArn"]) == (3, True, None)
    out = sgvault("reconcile", "a", "--region", "us-east-1", "--dry-run").out
    assert out.startswith(
        "Attempt 3 of a would begin, with a-vaultjob/a.manifest, in S3 since 2026-"
    )
    assert not account.named("StartExecution")
    assert not account.named("UpdateItem")


def test_outcomes_that_expired_hide_no_later_one(account: Account, statuses: list[str]) -> None:
    statuses += ["", "", "Successful"]
    vault = Vault.from_json("/dev/vault", json.dumps(PARAMETER))
    assert present_attempts(vault, set_id="a").so_far()[0] == "Successful"
