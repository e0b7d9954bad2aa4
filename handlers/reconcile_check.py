"""Step Functions -> check: does the table know every upload that the manifest lists?

Reads the manifest, the rows and, when they agree, the objects; writes only which version
of the manifest it saw first. May run twice.
"""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.execution import Execution
from handlers.look import TimeLimit, look, newest_version
from handlers.outcome_store import OutcomeStore
from handlers.telemetry import instrumented, logger

RESERVE_SECONDS = 5


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return ``reconcileDone``, the manifest's pinned version, counts and examples."""
    execution = Execution.from_event(event)
    outcomes = OutcomeStore(
        table=os.environ["OUTCOME_TABLE"], expiry_days=int(os.environ["EXPIRY_DAYS"])
    )
    version_id = execution.version_id or outcomes.pin(
        execution.arn, newest_version(execution.manifest)
    )
    comparison = look(
        execution.manifest,
        version_id,
        table=os.environ["UPLOAD_EVENT_TABLE"],
        limit=TimeLimit(context, reserve_seconds=RESERVE_SECONDS),
    )
    logger.info("Checked", extra={"set_id": execution.manifest.set_id, **comparison.counted()})
    return {
        "reconcileDone": comparison.complete,
        "manifestVersionId": version_id,
        **comparison.wire(),
    }
