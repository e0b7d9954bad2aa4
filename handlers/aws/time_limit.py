"""When a function must stop, to leave time for what it writes last."""

from __future__ import annotations

from collections.abc import Callable

from aws_lambda_powertools.utilities.typing import LambdaContext


def time_limit(context: LambdaContext, *, reserve_seconds: int) -> Callable[[], bool]:
    """Return a function that returns whether only *reserve_seconds* of the time are left."""
    return lambda: context.get_remaining_time_in_millis() < reserve_seconds * 1000
