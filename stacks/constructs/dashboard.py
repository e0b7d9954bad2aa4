"""A CloudWatch dashboard as data, with two widgets in each row.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from constructs import Construct

from stacks.constructs.alarm import Metric

WIDTH, HEIGHT = 12, 6
COLUMNS = 2
"""The grid is 24 units wide."""
PERIOD_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget(ABC):
    """A rectangle of the dashboard."""

    title: str

    @abstractmethod
    def kind(self) -> str:
        """Return the widget's type, in CloudWatch's words."""

    @abstractmethod
    def properties(self) -> dict[str, Any]:
        """Return the properties of this type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph(Widget):
    """Metrics over time, each with its label."""

    metrics: Sequence[tuple[str, Metric]]

    def kind(self) -> str:
        """Return the widget's type, in CloudWatch's words."""
        return "metric"

    def properties(self) -> dict[str, Any]:
        """Return the metrics in CloudWatch's format."""
        return {
            "view": "timeSeries",
            "period": PERIOD_SECONDS,
            "metrics": [
                [
                    metric.namespace,
                    metric.name,
                    *(text for pair in metric.dimensions.items() for text in pair),
                    {"label": label, "stat": metric.statistic},
                ]
                for label, metric in self.metrics
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTable(Widget):
    """The result of a Logs Insights query of a log group."""

    log_group: str
    query: str

    def kind(self) -> str:
        """Return the widget's type, in CloudWatch's words."""
        return "log"

    def properties(self) -> dict[str, Any]:
        """Return the query with its log group."""
        return {"view": "table", "query": f"SOURCE '{self.log_group}'\n| {self.query}"}


def dashboard(
    scope: Construct, id_: str, *, name: str, region: str, widgets: Sequence[Widget]
) -> CloudwatchDashboard:
    """Define the dashboard *name* of *widgets*, in their order."""
    body = {
        "widgets": [
            {
                "type": widget.kind(),
                "x": WIDTH * (place % COLUMNS),
                "y": HEIGHT * (place // COLUMNS),
                "width": WIDTH,
                "height": HEIGHT,
                "properties": {"title": widget.title, "region": region, **widget.properties()},
            }
            for place, widget in enumerate(widgets)
        ]
    }
    return CloudwatchDashboard(
        scope, id_, dashboard_name=name, dashboard_body=json.dumps(body, separators=(",", ":"))
    )
