"""Structured logs, metrics and traces, the same for all functions; each log line has the version."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.aws.lambda_environment import TelemetryEnvironment

logger = Logger(version=TelemetryEnvironment.read().version)
metrics = Metrics()
tracer = Tracer()

# A call without metrics is no error.
warnings.filterwarnings("ignore", message="No application metrics to publish")

Handler = Callable[[dict[str, Any], LambdaContext], Any]


def instrumented(handler: Handler) -> Handler:
    """Wrap *handler*: its log lines have the request id, it is traced, and its metrics are published."""
    logged = logger.inject_lambda_context(handler, clear_state=True)
    traced = tracer.capture_lambda_handler(logged, capture_response=False)
    return metrics.log_metrics(traced)


def count(metric: str, number: int = 1) -> None:
    """Add *number* to the metric named *metric*."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=number)


def measure_seconds(metric: str, seconds: float) -> None:
    """Add a measurement in *seconds* to the metric named *metric*."""
    metrics.add_metric(name=metric, unit=MetricUnit.Seconds, value=seconds)
