"""Step Functions -> iterate: count the iterations, and report when they are used up.

Reads and writes nothing; may run twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.aws.telemetry import instrumented
from handlers.core import json_fields
from handlers.core.errors import MalformedEventError

MAX_ITERATIONS = "max-iterations"
MIN_ITERATIONS = 2
"""The last iteration makes no check, so with one iteration there would be none."""


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Increment ``ticker``; ``continue`` is false once it equals ``count``.

    The manifest event's ``max-iterations`` can lower ``count`` but not raise it.
    """
    iterator = json_fields.mapping(json_fields.mapping(event, "iterator"), "Payload")
    ticker = json_fields.whole_number(iterator, "ticker") + 1
    count = json_fields.whole_number(iterator, "count")
    detail = json_fields.mapping(event, "detail")
    if MAX_ITERATIONS in detail:
        count = min(count, _max_iterations(detail))
    return {"ticker": ticker, "count": count, "continue": ticker < count}


def _max_iterations(detail: Mapping[str, Any]) -> int:
    number = json_fields.whole_number(detail, MAX_ITERATIONS)
    if number < MIN_ITERATIONS:
        raise MalformedEventError(
            f"{MAX_ITERATIONS!r} is {number}: it must be a whole number from {MIN_ITERATIONS}"
        )
    return number
