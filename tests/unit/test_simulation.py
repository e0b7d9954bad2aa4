"""The handlers on a simulated clock: an outage of hours causes no dead letters and no lost uploads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.simulation.clock import Clock
from tools.simulation.queue import Queue
from tools.simulation.scenarios import HOUR, Scenario, run
from tools.simulation.usage import Usage

SMALL = Scenario(name="small", uploads=3_000, uploads_a_second=500, writes_a_second=100)
DAY = 24 * HOUR


def queue(clock: Clock, *, max_in_flight: int = 120_000) -> Queue:
    """Return a queue with a dead-letter queue."""
    return Queue(
        clock=clock,
        usage=Usage(),
        retention_seconds=10 * DAY,
        visibility_seconds=30,
        max_receives=3,
        max_in_flight=max_in_flight,
        dead_letters=Queue(clock=clock, usage=Usage(), retention_seconds=14 * DAY),
    )


@pytest.mark.parametrize(
    "scenario",
    [
        SMALL,
        replace(SMALL, outage_seconds=6 * HOUR),
        replace(SMALL, broken_seconds=12 * HOUR),
        replace(SMALL, uploads=600, sets=200, outage_seconds=6 * HOUR),
        replace(SMALL, uploads=600, outage_seconds=3 * DAY),
        replace(SMALL, uploads=600, broken_seconds=3 * DAY),
    ],
    ids=["burst", "outage", "bad deployment", "many sets", "three days", "three bad days"],
)
def test_every_upload_is_recorded(scenario: Scenario) -> None:
    """Pitfall 48: no upload needs manual work."""
    result = run(scenario)
    assert result.is_complete, result
    assert result.seconds >= max(
        scenario.uploads / scenario.writes_a_second - 1,
        scenario.outage_seconds,
        scenario.broken_seconds,
    )


@pytest.mark.parametrize(
    "scenario",
    [
        replace(SMALL, uploads=600, outage_seconds=5 * DAY),
        replace(SMALL, uploads=600, broken_seconds=5 * DAY),
    ],
    ids=["outage", "bad deployment"],
)
def test_five_days_end_in_dead_letters_and_lose_nothing(scenario: Scenario) -> None:
    """It also shows that the simulation can produce dead letters."""
    result = run(scenario)
    assert result.recorded == 0
    assert result.dead > 0
    assert result.lost == 0


def test_several_invocations_fill_a_table_that_is_too_slow_for_one() -> None:
    """Written rows stay, so each delivery makes progress."""
    result = run(replace(SMALL, uploads=2_000, uploads_a_second=2_000, writes_a_second=5))
    assert result.is_complete, result
    assert result.receives > 1


def test_the_model_hides_received_messages() -> None:
    clock = Clock()
    ours = queue(clock)
    ours.send(["a"])
    (message,) = ours.receive(10)
    assert (message.text, ours.receive(10)) == ("a", [])
    clock.now += 29
    assert ours.receive(10) == []
    clock.now += 1
    assert ours.receive(10) == [message]
    ours.change_visibility(f"{message.id}/2", 3600)
    clock.now += 3599
    assert ours.receive(10) == []


def test_the_model_moves_a_message_received_too_often_with_its_sending_time() -> None:
    clock = Clock()
    ours = queue(clock)
    ours.send(["a"])
    sent = clock.now
    for _ in range(3):
        assert len(ours.receive(10)) == 1
        clock.now += 30
    assert ours.receive(10) == []
    assert ours.dead_letters is not None
    assert [message.sent for message in ours.dead_letters.messages()] == [sent]


def test_the_model_deletes_messages_older_than_the_retention() -> None:
    clock = Clock()
    ours = queue(clock)
    ours.send(["a"])
    clock.now += 10 * DAY
    assert (ours.receive(10), ours.expired) == ([], 1)


def test_the_model_delivers_nothing_while_too_many_messages_are_in_flight() -> None:
    clock = Clock()
    ours = queue(clock, max_in_flight=2)
    ours.send(["a", "b", "c"])
    received = ours.receive(10)
    assert (len(received), ours.receive(10)) == (2, [])
    ours.delete(received[:1])
    assert len(ours.receive(10)) == 1


def test_the_model_refuses_an_old_receipt_handle() -> None:
    clock = Clock()
    ours = queue(clock)
    ours.send(["a"])
    (message,) = ours.receive(10)
    clock.now += 30
    ours.receive(10)
    with pytest.raises(ValueError, match="SQS refuses"):
        ours.change_visibility(f"{message.id}/1", 30)
