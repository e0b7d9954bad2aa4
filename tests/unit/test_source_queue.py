"""A failed message is retried after longer and longer delays, and becomes a dead letter at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from botocore.exceptions import EndpointConnectionError

from handlers.aws.source_queue import SourceQueue
from handlers.aws.telemetry import instrumented
from handlers.core.redelivery import RETRY_SECONDS, delay_seconds
from stacks import queue_timing
from stacks.queue_timing import RECORDS, UPLOADS, QueueTiming
from tests.unit.fakes import FakeAws, FakeContext
from tests.unit.refusals import client_error
from tests.unit.samples import batch, failed

QUEUE = SourceQueue(url="https://queue", dead_letters_url="https://dead-letters")
DAY = 86_400


def answer(
    event: dict[str, Any],
    *,
    failed: dict[str, str] | None = None,
    unreadable: dict[str, str] | None = None,
) -> Any:
    """Answer like a function, with its metrics sent."""
    handler = instrumented(
        lambda event, _: QUEUE.answer(
            SQSEvent(event).records, failed=failed or {}, unreadable=unreadable or {}
        )
    )
    return handler(event, FakeContext().typed)


def test_processed_messages_are_left_out_so_that_sqs_deletes_them(aws: FakeAws) -> None:
    assert failed(answer(batch("a", "b", "c"), failed={"m1": "throttled"})) == ["m1"]
    assert aws.sqs.hidden == {"handle-1": 30}
    assert aws.sqs.sent == []


def test_the_delay_doubles_from_half_a_minute_to_an_hour() -> None:
    delays = [delay_seconds(receives) for receives in range(1, 10)]
    assert delays == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert delay_seconds(1_000) == delay_seconds(10**9) == 3600
    assert delay_seconds(0) == 30


def test_messages_are_hidden_in_calls_of_ten(aws: FakeAws) -> None:
    event = batch(*25 * ["x"], receives=3)
    reasons = {f"m{number}": "throttled" for number in range(25)}
    assert len(failed(answer(event, failed=reasons))) == 25
    assert aws.sqs.hidden == {f"handle-{number}": 120 for number in range(25)}


def test_an_unreadable_message_is_set_aside_at_once_with_the_reason(aws: FakeAws) -> None:
    """Pitfall 49."""
    assert failed(answer(batch("a", "not JSON"), unreadable={"m1": "no JSON"})) == []
    (letter,) = aws.sqs.sent
    assert (letter["QueueUrl"], letter["MessageBody"]) == ("https://dead-letters", "not JSON")
    assert {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()} == {
        "Reason": "no JSON",
        "SourceMessageId": "m1",
        "SourceSentTimestamp": "1604579696000",
    }


@pytest.mark.parametrize("reason", ["", "\x00\x07", "\ud800", 5_000 * "😀"])
def test_any_reason_fits_into_an_attribute(aws: FakeAws, reason: str) -> None:
    """SQS refuses empty values and characters that XML 1.0 excludes."""
    assert failed(answer(batch("x"), unreadable={"m0": reason})) == []
    text = aws.sqs.sent[0]["MessageAttributes"]["Reason"]["StringValue"]
    assert 0 < len(text) <= 1024
    assert text.isprintable()


@pytest.mark.parametrize(
    "error", [client_error("ServiceUnavailable", 503), EndpointConnectionError(endpoint_url="sqs")]
)
def test_a_message_that_cannot_be_set_aside_stays_in_the_queue(
    aws: FakeAws, error: Exception
) -> None:
    aws.sqs.fails = lambda operation: error if operation == "SendMessage" else None
    assert failed(answer(batch("not JSON"), unreadable={"m0": "no JSON"})) == ["m0"]
    assert aws.sqs.hidden == {"handle-0": 30}


@pytest.mark.parametrize("operation", ["refused", "failed"])
def test_a_message_that_cannot_be_hidden_is_still_put_back(aws: FakeAws, operation: str) -> None:
    """It is received again after the queue's own visibility timeout."""
    if operation == "failed":
        aws.sqs.fails = lambda _: client_error("ServiceUnavailable", 503)
    else:
        aws.sqs.refuses = lambda _: True
    assert failed(answer(batch("a"), failed={"m0": "throttled"})) == ["m0"]


def test_a_message_that_failed_for_three_days_is_a_dead_letter(aws: FakeAws) -> None:
    """Otherwise SQS would delete it at the end of its retention without notice."""
    for age, expected in ((3 * DAY, ["m0"]), (RETRY_SECONDS, [])):
        event = batch("x", sent=aws.clock.now - age, receives=90)
        assert failed(answer(event, failed={"m0": "the table is unavailable"})) == expected
    (letter,) = aws.sqs.sent
    assert letter["MessageAttributes"]["Reason"]["StringValue"] == "the table is unavailable"


def test_the_age_of_messages_put_back_is_measured(
    aws: FakeAws, metrics: Callable[[], Counter[str]]
) -> None:
    """SQS's own metric leaves out messages received three times or more."""
    answer(batch("x", sent=aws.clock.now - 1_000), failed={"m0": "throttled"})
    assert metrics() == {"MessagesPutBack": 1, "OldestMessagePutBackAge": 1000}
    answer(batch("x"))
    assert metrics() == {}


@pytest.mark.parametrize("timing", [UPLOADS, RECORDS])
def test_a_function_that_cannot_run_also_has_three_days(timing: QueueTiming) -> None:
    """Then the number of receives decides, with one receive in each visibility timeout."""
    assert queue_timing.RETRY_SECONDS == RETRY_SECONDS >= 3 * DAY
    assert timing.receives <= 1_000, "SQS takes no more"
    assert timing.receives * timing.visibility_seconds >= 3 * DAY


@pytest.mark.parametrize("timing", [UPLOADS, RECORDS])
def test_seven_days_of_a_dead_letter_remain(timing: QueueTiming) -> None:
    """This holds even if the function cannot run from the moment at which the handler would give up.

    The handler's own delays shorten only a few of the receives.
    """
    latest = RETRY_SECONDS + timing.receives * timing.visibility_seconds
    assert latest < queue_timing.RETENTION_SECONDS
    assert queue_timing.DEAD_LETTER_RETENTION_SECONDS - latest >= 7 * DAY


@pytest.mark.parametrize("timing", [UPLOADS, RECORDS])
def test_sqs_measures_a_message_until_the_alarm_is_due(timing: QueueTiming) -> None:
    """After its third receive, a message is not in SQS's metric of the oldest message's age any more."""
    period_seconds = 300
    assert 2 * timing.visibility_seconds > queue_timing.ALARM_AGE_SECONDS + period_seconds


def test_the_queues_leave_some_of_a_new_accounts_concurrency() -> None:
    assert UPLOADS.maximum_concurrency + RECORDS.maximum_concurrency <= 8
