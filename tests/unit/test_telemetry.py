"""Log lines have the version of the code."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.aws.telemetry import instrumented, logger
from tests.unit.fakes import FakeContext
from tests.unit.lambda_environments import TELEMETRY


def test_each_log_line_of_every_call_has_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)

    @instrumented
    def handler(event: dict[str, Any], context: LambdaContext) -> None:
        logger.info("Called", extra={"key": event["key"]})

    for key in ("first", "second"):
        handler({"key": key}, FakeContext().typed)

    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["key"], line["version"]) for line in lines] == [
        ("first", TELEMETRY.version),
        ("second", TELEMETRY.version),
    ]
