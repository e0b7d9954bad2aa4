"""Step Functions -> iterate: count the iterations, and say when they are used up.

Reads and writes nothing; may run twice.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.aws.telemetry import instrumented
from handlers.core import json_fields


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Raise ``ticker`` by one; ``continue`` is false once it has reached ``count``."""
    iterator = json_fields.mapping(json_fields.mapping(event, "iterator"), "Payload")
    ticker = json_fields.whole_number(iterator, "ticker") + 1
    count = json_fields.whole_number(iterator, "count")
    return {"ticker": ticker, "count": count, "continue": ticker < count}
