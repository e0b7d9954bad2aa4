"""The time at which a function must stop, so that it can still write its results."""

from __future__ import annotations

from collections.abc import Callable

from aws_lambda_powertools.utilities.typing import LambdaContext


def time_limit(context: LambdaContext, *, reserve_seconds: int) -> Callable[[], bool]:
    """Return a function that returns whether less than *reserve_seconds* of the function's time is left."""
    return lambda: context.get_remaining_time_in_millis() < reserve_seconds * 1000
