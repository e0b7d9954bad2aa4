"""The first decision is final, and a crash can only repeat the identical event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.aws.outcome_store import CLAIM_SECONDS, OutcomeStore
from handlers.core.errors import OutcomeInFlightError
from handlers.core.outcome import Outcome, Status
from tests.unit.fakes import OUTCOME_TABLE, FakeAws
from tests.unit.refusals import client_error
from tests.unit.samples import EVENT_TIME, EXECUTION, OTHER_EXECUTION, manifest_upload

STORE = OutcomeStore(table=OUTCOME_TABLE, expiry_days=30)

FIRST = Outcome(
    manifest=manifest_upload(),
    version_id="v1",
    status=Status.TIMED_OUT,
    reason="Not complete",
    execution=EXECUTION,
    started=EVENT_TIME,
    finished=EVENT_TIME + 60,
    iterations=2,
    report="s3://reports/one/summary.json",
)
LATER = replace(FIRST, status=Status.SUCCESSFUL, reason="All there", finished=EVENT_TIME + 90)
OTHERS = replace(
    LATER, execution=OTHER_EXECUTION, iterations=9, report="s3://reports/two/summary.json"
)


ONE_CALL, OTHER_CALL = "call one", "call two"


def decide(outcome: Outcome, *, call: str = ONE_CALL) -> dict[str, Any] | None:
    """Decide like the handler: store the decision, then claim it for publishing."""
    STORE.decide(outcome, call=call)
    return STORE.claim(outcome.id, call=call)


def test_the_first_decision_is_final(aws: FakeAws) -> None:
    """Pitfall 18: a later call may find more, but it publishes the stored decision."""
    assert decide(FIRST) == FIRST.detail()
    aws.clock.now += CLAIM_SECONDS
    assert decide(LATER, call=OTHER_CALL) == FIRST.detail()


def test_a_claim_leaves_the_publishing_to_the_call_that_decided(aws: FakeAws) -> None:
    """Pitfall 18: of two simultaneous calls, one publishes, even if both are for one execution."""
    decide(FIRST)
    for later in (LATER, OTHERS):
        with pytest.raises(OutcomeInFlightError, match=FIRST.id):
            decide(later, call=OTHER_CALL)
        aws.clock.now += CLAIM_SECONDS // 2 - 1
        with pytest.raises(OutcomeInFlightError):
            decide(later, call=OTHER_CALL)


def test_after_the_claim_one_other_call_publishes_the_stored_decision(aws: FakeAws) -> None:
    """Pitfall 18 and 20: there is exactly one outcome."""
    decide(FIRST)
    aws.clock.now += CLAIM_SECONDS
    assert decide(OTHERS, call=OTHER_CALL) == FIRST.detail()
    with pytest.raises(OutcomeInFlightError):
        decide(OTHERS, call="call three")
    with pytest.raises(OutcomeInFlightError):
        decide(FIRST)


def test_a_published_outcome_is_not_published_again(aws: FakeAws) -> None:
    """Pitfall 18: no call does so, however late."""
    decide(FIRST)
    STORE.mark_published(FIRST.id)
    for outcome in (FIRST, LATER, OTHERS):
        for call in (ONE_CALL, OTHER_CALL):
            assert decide(outcome, call=call) is None
        aws.clock.now += 10 * CLAIM_SECONDS


def test_an_outcome_that_is_published_between_reading_and_claiming_is_not_claimed(
    aws: FakeAws,
) -> None:
    """Pitfall 18: the condition fails, although the call read the item before."""
    decide(FIRST)
    aws.clock.now += CLAIM_SECONDS

    def publishes(operation: str, _: Mapping[str, Any]) -> None:
        if operation == "UpdateItem":
            (row,) = aws.dynamodb.rows(OUTCOME_TABLE)
            published = {**row, "publishedAt": {"N": "1"}}
            aws.dynamodb.tables[OUTCOME_TABLE][FIRST.id,] = published

    aws.dynamodb.fails = publishes
    with pytest.raises(OutcomeInFlightError):
        STORE.claim(FIRST.id, call=OTHER_CALL)


def test_an_attempts_number_is_never_used_twice(aws: FakeAws) -> None:
    """This holds after the outcomes have expired, because their ids would be published again."""
    attempts = [STORE.next_attempt("bucket", "a-vaultjob/a.manifest", "v1") for _ in range(3)]
    assert attempts == [2, 3, 4]
    assert STORE.last_attempt("bucket", "a-vaultjob/a.manifest", "v1") == 4
    assert STORE.last_attempt("bucket", "a-vaultjob/a.manifest", "v3") == 1
    assert STORE.next_attempt("bucket", "a-vaultjob/a.manifest", "v2") == 2
    rows = aws.dynamodb.rows(OUTCOME_TABLE)
    assert len(rows) == 2
    assert not any("expiresAt" in row for row in rows)


def test_another_attempt_or_version_has_its_own_decision(aws: FakeAws) -> None:
    decide(FIRST)
    STORE.mark_published(FIRST.id)
    for other in (
        replace(LATER, version_id="v2"),
        replace(LATER, manifest=manifest_upload(attempt=2)),
    ):
        assert decide(other) == other.detail()


def test_a_hostile_key_is_read_as_it_was_written(aws: FakeAws) -> None:
    """Pitfall 4."""
    key = 'a"\\%\u2028\U0001f600-vaultjob/a"\\%\u2028\U0001f600.manifest'
    hostile = replace(FIRST, manifest=manifest_upload(key, set_id='a"\\%\u2028\U0001f600'))
    assert decide(hostile) == hostile.detail()


def test_the_first_pinned_version_is_kept(aws: FakeAws) -> None:
    """Pitfall 18: it applies to the execution that pinned it."""
    assert STORE.pinned(EXECUTION) is None
    assert STORE.pin(EXECUTION, "v1") == "v1"
    assert STORE.pin(EXECUTION, "v2") == "v1"
    assert STORE.pin(OTHER_EXECUTION, "v2") == "v2"
    assert STORE.pinned(EXECUTION) == "v1"


def test_pins_and_decisions_expire(aws: FakeAws) -> None:
    """Pitfall 10."""
    STORE.pin(EXECUTION, "v1")
    decide(FIRST)
    rows = aws.dynamodb.rows(OUTCOME_TABLE)
    assert [row["expiresAt"]["N"] for row in rows] == 2 * [str(int(aws.clock.now) + 30 * 86_400)]


@pytest.mark.parametrize("failing", ["PutItem", "GetItem", "UpdateItem"])
def test_a_failing_table_is_no_decision(aws: FakeAws, failing: str) -> None:
    """Pitfall 20: Step Functions retries; a failed write does not count as written."""

    def fails(operation: str, _: Mapping[str, Any]) -> Exception | None:
        return client_error("ThrottlingException", 400) if operation == failing else None

    aws.dynamodb.fails = fails
    with pytest.raises(ClientError, match="Throttling"):
        STORE.mark_published(str(decide(FIRST)))
