"""A CloudWatch alarm whose description names its section of docs/operations.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from constructs import Construct

RUNBOOK = "docs/operations.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A CloudWatch metric, and the statistic of its values in a period."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Maximum"
    period_seconds: int = 60


def queue_metric(queue: str, name: str) -> Metric:
    """Return a metric that SQS sends of the queue named *queue*.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    return Metric(namespace="AWS/SQS", name=name, dimensions={"QueueName": queue})


def alarm(
    scope: Construct,
    id_: str,
    *,
    name: str,
    symptom: str,
    section: str,
    metric: Metric,
    at_least: float,
    topic_arn: str | None,
) -> CloudwatchMetricAlarm:
    """Define an alarm for *metric* >= *at_least*; *section* of the runbook has the remedy."""
    return CloudwatchMetricAlarm(
        scope,
        id_,
        alarm_name=name,
        alarm_description=f"{symptom}: see {section} in {RUNBOOK}",
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions=dict(metric.dimensions),
        statistic=metric.statistic,
        period=metric.period_seconds,
        evaluation_periods=1,
        threshold=at_least,
        comparison_operator="GreaterThanOrEqualToThreshold",
        treat_missing_data="notBreaching",
        alarm_actions=[topic_arn] if topic_arn else None,
    )
