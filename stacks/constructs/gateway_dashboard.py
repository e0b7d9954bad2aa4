"""The dashboard of a file gateway: its uploads, cache, disks and notifications."""

from __future__ import annotations

from constructs import Construct

from stacks.constructs.alarm import Metric
from stacks.constructs.dashboard import Graph, dashboard

GRAPHS = {
    "Bytes that were uploaded": ({"CloudBytesUploaded": "Sum"}),
    "Files that fail to upload": ({"FilesFailingUpload": "Maximum"}),
    "The cache, percent": ({"CachePercentDirty": "Average", "CachePercentUsed": "Average"}),
    "Waiting for disks, percent": ({"IoWaitPercent": "Average"}),
    "Notifications": ({"HealthNotifications": "Sum", "AvailabilityNotifications": "Sum"}),
}
"""Metrics of the gateway with their statistics, by the title of the graph.

https://docs.aws.amazon.com/filegateway/latest/files3/monitoring-file-gateway.html
"""


class GatewayDashboard(Construct):
    """Graphs of one gateway."""

    def __init__(
        self, scope: Construct, id_: str, *, gateway_id: str, gateway_name: str, region: str
    ) -> None:
        super().__init__(scope, id_)
        dimensions = {"GatewayId": gateway_id, "GatewayName": gateway_name}
        dashboard(
            self,
            "Resource",
            name=f"{gateway_name}-gateway",
            region=region,
            widgets=[
                Graph(
                    title=title,
                    metrics=[
                        (
                            name,
                            Metric(
                                namespace="AWS/StorageGateway",
                                name=name,
                                dimensions=dimensions,
                                statistic=statistic,
                            ),
                        )
                        for name, statistic in metrics.items()
                    ],
                )
                for title, metrics in GRAPHS.items()
            ],
        )
