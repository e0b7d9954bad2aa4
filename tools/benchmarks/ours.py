"""The real reconciliation. It calls the handler as the state machine does."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from handlers.aws.lambda_environment import (
    CheckEnvironment,
    TelemetryEnvironment,
    VerifyEnvironment,
)
from tools.benchmarks.synthetic_set import BUCKET, MANIFEST_KEY, SET_ID, Form

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

TIMEOUT_SECONDS = 900
MEMORY_MB = 1769
"""The memory of the deployed function, which gives it a whole processor."""
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:dev-vault-reconciliation:benchmark"


def environment(form: Form) -> dict[str, str]:
    """Return the functions' variables; neither side verifies a plain set."""
    return {
        **CheckEnvironment(
            upload_event_table="upload-events",
            outcome_table="outcomes",
            set_table="sets",
            reports_bucket="reports",
            verify_objects=form is not Form.PLAIN,
            verify_content="stored" if form is Form.CHECKSUMS else "none",
            ignore_unexpected=(".nfs*", ".DS_Store", "Thumbs.db", "~$*"),
            expiry_days=30,
        ).variables(),
        **VerifyEnvironment(reports_bucket="reports").variables(),
        **TelemetryEnvironment(
            powertools_service_name="benchmarks",
            powertools_metrics_namespace="Benchmarks",
            version="benchmarks",
        ).variables(),
        "POWERTOOLS_TRACE_DISABLED": "true",
    }


@dataclass(slots=True)
class Context:
    """The context that Lambda passes to a function with the event."""

    function_name: str = "dev-vault-reconcile-check"
    memory_limit_in_mb: int = MEMORY_MB
    invoked_function_arn: str = (
        "arn:aws:lambda:us-east-1:123456789012:function:dev-vault-reconcile-check"
    )
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"
    deadline: float = field(default_factory=lambda: time.monotonic() + TIMEOUT_SECONDS)

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that the invocation has left."""
        return int((self.deadline - time.monotonic()) * 1000)


class Ours:
    """Carries the payload from check to check, through JSON, as the state machine does."""

    def __init__(self, form: Form) -> None:
        os.environ |= environment(form)
        from handlers import reconcile_check, verify_content  # importing creates their clients

        self._handler = reconcile_check.handler
        self._verify = verify_content.handler
        self.invocations = 0
        self._state: dict[str, Any] = {
            "detail": {
                "set-id": SET_ID,
                "event-time": int(time.time()),
                "bucket-name": BUCKET,
                "object-key": MANIFEST_KEY,
                "object-size": 1,
            }
        }

    def check(self, iteration: int) -> bool:
        """Run one iteration: repeat the check while its result requests another one at once."""
        ticker = {"ticker": iteration, "count": 960, "continue": True}
        self._state["iterator"] = {"Payload": ticker}
        while True:
            answer = self._invoke()
            self._state["reconcilecheck"] = {"Payload": answer}
            if answer.get("verifyNow"):
                self._verify_content(answer)
            elif answer["reconcileDone"] or not answer["continueNow"]:
                done: bool = answer["reconcileDone"]
                return done

    def event(self) -> dict[str, Any]:
        """Return the event that the state machine now passes to its tasks."""
        event: dict[str, Any] = json.loads(
            json.dumps(
                {
                    "execution": EXECUTION,
                    "started": "2026-11-24T00:00:00Z",
                    "state": self._state,
                }
            )
        )
        return event

    def _verify_content(self, answer: dict[str, Any]) -> None:
        """Run the worker for each shard, one after the other; the peak is that of one worker."""
        for shard in answer["verifyShards"]:
            self.invocations += 1
            event = json.loads(json.dumps({"shard": shard, "content": answer["content"]}))
            self._verify(event, cast("LambdaContext", Context()))

    def _invoke(self) -> dict[str, Any]:
        self.invocations += 1
        answer = self._handler(self.event(), cast("LambdaContext", Context()))
        carried: dict[str, Any] = json.loads(json.dumps(answer))
        return carried
