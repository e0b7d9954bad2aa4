"""``sgvault replay``: an interval of the archive is replayed to the upload rule only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from operations.errors import OperatorError
from operations.moments import duration, moment
from operations.replay import interval
from tests.unit import operator_account
from tests.unit.operator_account import ARN, PARAMETER, Account
from tests.unit.sgvault import sgvault

NOW = 1_795_800_000


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setattr("operations.replay.time.sleep", lambda _: None)
    with operator_account.installed() as account:
        account.answers["StartReplay"] = lambda *_: {"State": "STARTING"}
        states = iter(["STARTING", "RUNNING", "COMPLETED"])
        account.answers["DescribeReplay"] = lambda *_: {"State": next(states)}
        yield account


def test_only_the_upload_rule_receives_the_interval_which_ends_ten_minutes_ago(
    account: Account,
) -> None:
    ran = sgvault("replay", "--from", "6h", "--yes", "--json")
    assert (ran.status, ran.json["state"]) == (0, "COMPLETED")
    (request,) = account.named("StartReplay")
    assert request["EventSourceArn"] == PARAMETER["uploadArchiveArn"]
    assert request["Destination"] == {
        "Arn": ARN.format("events", "event-bus/default"),
        "FilterArns": [PARAMETER["uploadRuleArn"]],
    }
    age = datetime.now(UTC) - request["EventEndTime"]
    assert 600 <= age.total_seconds() < 660


def test_a_dry_run_starts_nothing(account: Account) -> None:
    assert sgvault("replay", "--from", "6h", "--dry-run").status == 0
    assert not account.named("StartReplay")


def test_a_failed_replay_is_reported_with_awss_reason(account: Account) -> None:
    account.answers["DescribeReplay"] = lambda *_: {"State": "FAILED", "StateReason": "No rule"}
    ran = sgvault("replay", "--from", "6h", "--yes")
    assert ran.status == 1
    assert "No rule" in ran.err


def test_after_ctrl_c_the_command_that_ends_the_replay_is_shown(account: Account) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    account.answers["DescribeReplay"] = interrupted
    ran = sgvault("replay", "--from", "6h", "--yes")
    assert ran.status == 130
    assert "cancel-replay" in ran.err


def test_without_an_archive_the_remedy_is_named(account: Account) -> None:
    account.parameter["uploadArchiveArn"] = None
    ran = sgvault("replay", "--from", "6h")
    assert ran.status == 1
    assert "archiveDays" in ran.err


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("1h", None, (NOW - 3_600, NOW - 600)),
        ("1h", "0s", (NOW - 3_600, NOW - 600)),
        ("2h", "1h", (NOW - 7_200, NOW - 3_600)),
        ("2026-11-27T00:00:00Z", "2026-11-27T02:00:00+01:00", (1_795_737_600, 1_795_741_200)),
    ],
)
def test_an_interval_is_an_age_or_a_moment(
    since: str, until: str | None, expected: tuple[int, int]
) -> None:
    assert interval(since, until, now=NOW) == expected


@pytest.mark.parametrize("since", ["5m", "0s"])
def test_an_empty_interval_is_refused(since: str) -> None:
    with pytest.raises(OperatorError, match="ten minutes before now"):
        interval(since, None, now=NOW)


@pytest.mark.parametrize("text", ["yesterday", "2026-11-27", "2026-11-27T00:00:00", "6 h", ""])
def test_an_invalid_time_is_reported_with_the_remedy(text: str) -> None:
    with pytest.raises(OperatorError, match="write an age"):
        moment(text, now=NOW)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "5 s"), (61, "1 min 1 s"), (11_520, "3 h 12 min"), (100_000, "1 d 3 h"), (-1, "0 s")],
)
def test_a_duration_has_its_two_largest_units(seconds: int, text: str) -> None:
    assert duration(seconds) == text
