"""Each graph and each alarm shows a metric that somebody sends; each metric of ours has a graph."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.shipped import FUNCTIONS
from tests.synth.handler_code import metrics_emitted
from tests.synth.template import Template

OURS = "StorageGatewayVault"
DOCUMENTED = {
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": (["FunctionName"], {"Duration", "Errors", "Invocations", "Throttles"}),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": (
        ["QueueName"],
        {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    ),
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    "AWS/States": (
        ["StateMachineArn"],
        {
            "ExecutionsAborted",
            "ExecutionsFailed",
            "ExecutionsStarted",
            "ExecutionsSucceeded",
            "ExecutionsTimedOut",
        },
    ),
    # https://docs.aws.amazon.com/filegateway/latest/files3/monitoring-file-gateway.html
    "AWS/StorageGateway": (
        ["GatewayId", "GatewayName"],
        {
            "AvailabilityNotifications",
            "CachePercentDirty",
            "CachePercentUsed",
            "CloudBytesUploaded",
            "FilesFailingUpload",
            "HealthNotifications",
            "IoWaitPercent",
        },
    ),
}
"""Metrics of AWS that are of use here, with their dimensions."""
STACKS = pytest.mark.parametrize("stack", ["EventProcessingStack", "FileShareStack"])


def widgets(template: Template) -> list[dict[str, Any]]:
    """Return the widgets of the stack's one dashboard."""
    (dashboard,) = template.resources("aws_cloudwatch_dashboard").values()
    body: dict[str, list[dict[str, Any]]] = json.loads(dashboard["dashboard_body"])
    return body["widgets"]


def graphed(template: Template) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield namespace, name and dimensions of each metric on the dashboard."""
    for widget in widgets(template):
        for namespace, name, *pairs, _ in widget["properties"].get("metrics", []):
            yield namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True))


@cache
def emitted(root: Path) -> set[tuple[str, str]]:
    """Return each metric of ours with the service that sends it."""
    return {
        (f"vault-dev-{function.replace('_', '-')}", name)
        for function in FUNCTIONS
        for name in metrics_emitted(root / "handlers", function)
    }


@STACKS
def test_each_graph_shows_a_metric_that_is_sent(
    dev_stacks: Mapping[str, Template], root: Path, stack: str
) -> None:
    unknown = []
    for namespace, name, dimensions in graphed(dev_stacks[stack]):
        if namespace == OURS:
            known = list(dimensions) == ["service"] and (dimensions["service"], name) in emitted(
                root
            )
        else:
            keys, names = DOCUMENTED[namespace]
            known = list(dimensions) == keys and name in names
        unknown += [] if known else [(namespace, name, dimensions)]
    assert unknown == []


def test_each_metric_of_ours_has_a_graph(dev: Template, root: Path) -> None:
    shown = {
        (dimensions["service"], name)
        for namespace, name, dimensions in graphed(dev)
        if namespace == OURS
    }
    assert emitted(root) - shown == set()


def test_each_queue_function_and_machine_has_a_graph(dev: Template) -> None:
    """By its name, or by a reference to it."""
    text = json.dumps(widgets(dev))
    for queue in dev.resources("aws_sqs_queue").values():
        assert f'"{queue["name"]}"' in text
    for function in FUNCTIONS:
        assert f"${{aws_lambda_function.{function}.function_name}}" in text
    assert "${aws_sfn_state_machine.reconciliation.arn}" in text


@STACKS
def test_a_dashboard_is_one_that_cloudwatch_takes(
    dev_stacks: Mapping[str, Template], stack: str
) -> None:
    """At most 500 widgets, side by side in 24 columns, each of the stack's own region."""
    found = widgets(dev_stacks[stack])
    assert 0 < len(found) <= 500
    places = {
        (column, row)
        for each in found
        for column in range(each["x"], each["x"] + each["width"])
        for row in range(each["y"], each["y"] + each["height"])
    }
    assert len(places) == sum(each["width"] * each["height"] for each in found), "they overlap"
    assert max(column for column, _ in places) < 24
    assert {each["properties"]["region"] for each in found} == {"REGION"}


def test_what_is_missing_by_set_is_read_from_logs_that_are_there(dev: Template) -> None:
    queries = [each["properties"]["query"] for each in widgets(dev) if each["type"] == "log"]
    groups = {group["name"] for group in dev.resources("aws_cloudwatch_log_group").values()}
    references = {
        f"${{aws_cloudwatch_log_group.{name}.name}}"
        for name in dev.resources("aws_cloudwatch_log_group")
    }
    assert len(queries) == 2
    for query in queries:
        assert query.partition("\n")[0].split("'")[1] in groups | references
