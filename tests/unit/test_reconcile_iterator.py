"""The iterator counts up to its count, and reports when it is reached."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.core.errors import MalformedEventError
from handlers.reconcile_iterator import handler
from tests.unit.fakes import FakeContext


def iterated(ticker: object, count: object, **detail: object) -> Any:
    """Return the iterator's answer to a state with *ticker* and *count*."""
    state = {"detail": detail, "iterator": {"Payload": {"ticker": ticker, "count": count}}}
    return handler(state, FakeContext().typed)


@pytest.mark.parametrize(
    ("ticker", "count", "goes_on"),
    [(0, 2, True), (1, 2, False), (0, 960, True), (958, 960, True), (959, 960, False)],
)
def test_the_ticker_is_incremented_up_to_the_count(ticker: int, count: int, goes_on: bool) -> None:
    assert iterated(ticker, count) == {"ticker": ticker + 1, "count": count, "continue": goes_on}


def test_its_answer_is_its_next_input_until_the_count_is_reached() -> None:
    """Pitfall 19: an endless loop would end at the history's limit without an outcome."""
    payload = {"ticker": 0, "count": 5}
    rounds = 0
    while payload.get("continue", True):
        payload = handler({"detail": {}, "iterator": {"Payload": payload}}, FakeContext().typed)
        rounds += 1
    assert rounds == 5


def test_a_ticker_above_the_count_does_not_continue() -> None:
    assert iterated(7, 5)["continue"] is False


@pytest.mark.parametrize(
    "state", [{}, {"iterator": None}, {"iterator": {}}, {"iterator": {"Payload": []}}]
)
def test_a_state_without_an_iterator_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(MalformedEventError):
        handler(state, FakeContext().typed)


@pytest.mark.parametrize(("ticker", "count"), [(None, 5), (0, None), (True, 5), ("0", 5), (0, 5.0)])
def test_ticker_and_count_are_whole_numbers(ticker: object, count: object) -> None:
    with pytest.raises(MalformedEventError):
        iterated(ticker, count)


@pytest.mark.parametrize(
    ("most", "count", "goes_on"), [(2, 2, False), (5, 5, True), (900, 10, True)]
)
def test_the_manifest_event_may_lower_the_count(most: int, count: int, goes_on: bool) -> None:
    """The contract: ``max-iterations``, of which the smaller number applies."""
    answer = iterated(1, 10, **{"max-iterations": most})
    assert answer == {"ticker": 2, "count": count, "continue": goes_on}


@pytest.mark.parametrize("most", [0, 1, -1, True, "5", None, 2.0])
def test_a_count_in_the_manifest_event_that_cannot_be_used_is_an_error(most: object) -> None:
    """The error names the field; a single iteration would check nothing."""
    with pytest.raises(MalformedEventError, match="max-iterations"):
        iterated(0, 10, **{"max-iterations": most})
