"""Alarms for a file gateway."""

from __future__ import annotations

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from constructs import Construct

from stacks.constructs.alarm import RUNBOOK


@dataclass(frozen=True, slots=True)
class Watch:
    """A metric, and the threshold that it must not exceed for some periods of five minutes."""

    metric: str
    statistic: str
    threshold: int
    evaluation_periods: int
    meaning: str


WATCHES = {
    "unhealthy": Watch(
        "HealthNotifications", "Sum", 0, 1, "wrote an error to its health log group"
    ),
    "unavailable": Watch("AvailabilityNotifications", "Sum", 0, 1, "was rebooted or lost its host"),
    "cache_dirty": Watch(
        "CachePercentDirty", "Average", 80, 4, "receives files faster than it uploads them"
    ),
    "disk_slow": Watch("IoWaitPercent", "Average", 20, 3, "waits for its cache disk"),
}
"""The metrics that AWS recommends to watch.

https://docs.aws.amazon.com/filegateway/latest/files3/cloudwatch-alarms.html
"""
PERIOD_SECONDS = 300
SECTION = "The gateway is in trouble"


def alarm_name(gateway_name: str, watch: str) -> str:
    """Return the name of the alarm for the entry *watch* of WATCHES."""
    return f"{gateway_name}-gateway-{watch.replace('_', '-')}"


class GatewayAlarms(Construct):
    """An alarm for each entry of WATCHES."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        gateway_id: str,
        gateway_name: str,
        alarm_topic_arn: str,
    ) -> None:
        super().__init__(scope, id_)
        for name, watch in WATCHES.items():
            CloudwatchMetricAlarm(
                self,
                name,
                alarm_name=alarm_name(gateway_name, name),
                alarm_description=(
                    f"The file gateway {gateway_name} {watch.meaning}: see {SECTION} in {RUNBOOK}"
                ),
                namespace="AWS/StorageGateway",
                metric_name=watch.metric,
                dimensions={"GatewayId": gateway_id, "GatewayName": gateway_name},
                statistic=watch.statistic,
                period=PERIOD_SECONDS,
                evaluation_periods=watch.evaluation_periods,
                threshold=watch.threshold,
                comparison_operator="GreaterThanThreshold",
                treat_missing_data="notBreaching",
                alarm_actions=[alarm_topic_arn],
            )
