"""The local AWS requires the permissions that AWS requires."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.core import iam_actions  # type: ignore[import-untyped]

from local.emulator.iam_gaps import CREATE_MAPPING, mend_iam

WHERE = ("eu-west-1", "123456789012")
EVENTS = "arn:aws:events:eu-west-1:123456789012"
LAMBDA = "arn:aws:lambda:eu-west-1:123456789012"
MAPPINGS = "/2015-03-31/event-source-mappings"


@pytest.fixture
def actions() -> Any:
    """Return a mended copy of the emulator's module."""
    copy = SimpleNamespace(**vars(iam_actions))
    region, account = (lambda value=value: value for value in WHERE)
    mend_iam(copy, SimpleNamespace(get_region=region, get_account_id=account))
    return copy


def asked(actions: Any, service: str, method: str, path: str, target: str, body: Any) -> Any:
    """Return the action and the resource that the emulator requires for a request."""
    form = body if service in ("monitoring", "iam") else {}
    sent = b"" if form else json.dumps(body).encode()
    request = (service, method, path, {"x-amz-target": target}, sent, form)
    return actions.extract_iam_action(*request), actions.extract_resource_arn(*request, *WHERE)


@pytest.mark.parametrize(
    ("service", "target", "body", "resource"),
    [
        ("events", "AWSEvents.PutRule", {"Name": "uploads"}, f"{EVENTS}:rule/uploads"),
        (
            "events",
            "AWSEvents.PutRule",
            {"Name": "uploads", "EventBusName": "vault"},
            f"{EVENTS}:rule/vault/uploads",
        ),
        ("events", "AWSEvents.CreateArchive", {"ArchiveName": "a"}, f"{EVENTS}:archive/a"),
        ("dynamodb", "DynamoDB_20120810.ListTagsOfResource", {"ResourceArn": EVENTS}, EVENTS),
        (
            "ssm",
            "AmazonSSM.GetParameter",
            {"Name": "/aws/service/image"},
            "arn:aws:ssm:eu-west-1::parameter/aws/service/image",
        ),
        (
            "iam",
            "",
            {"Action": "CreateInstanceProfile", "InstanceProfileName": "client"},
            "arn:aws:iam::123456789012:instance-profile/client",
        ),
        (
            "monitoring",
            "",
            {"Action": "PutDashboard", "DashboardName": "vault"},
            "arn:aws:cloudwatch::123456789012:dashboard/vault",
        ),
    ],
)
def test_the_resource_of_a_request_is_found(
    actions: Any, service: str, target: str, body: Any, resource: str
) -> None:
    assert asked(actions, service, "POST", "/", target, body)[1] == resource


@pytest.mark.parametrize(
    ("target", "action"),
    [
        ("AmazonSQS.SendMessageBatch", "sqs:SendMessage"),
        ("DynamoDB_20120810.BatchGetItem", "dynamodb:BatchGetItem"),
    ],
)
def test_a_batch_of_messages_needs_the_permission_for_one(
    actions: Any, target: str, action: str
) -> None:
    service = action.partition(":")[0]
    assert asked(actions, service, "POST", "/", target, {})[0] == action


@pytest.mark.parametrize(
    ("method", "path", "action", "resource"),
    [
        ("POST", MAPPINGS, CREATE_MAPPING, "*"),
        (
            "GET",
            f"{MAPPINGS}/1",
            "lambda:GetEventSourceMapping",
            f"{LAMBDA}:event-source-mapping:1",
        ),
        ("POST", "/2015-03-31/functions", "lambda:CreateFunction", f"{LAMBDA}:function:f"),
        (
            "PUT",
            "/2019-09-25/functions/f/event-invoke-config",
            "lambda:PutFunctionEventInvokeConfig",
            f"{LAMBDA}:function:f",
        ),
        (
            "POST",
            "/2015-03-31/functions/f/invocations",
            "lambda:InvokeFunction",
            f"{LAMBDA}:function:f",
        ),
    ],
)
def test_operations_of_lambda_are_distinguished(
    actions: Any, method: str, path: str, action: str, resource: str
) -> None:
    body = {"FunctionName": "f"}
    assert asked(actions, "lambda", method, path, "", body) == (action, resource)


def test_a_mapping_has_the_function_as_its_condition(actions: Any) -> None:
    body = json.dumps({"FunctionName": "f"}).encode()
    context = actions.request_tag_context("lambda", CREATE_MAPPING, body, {})
    assert context["lambda:FunctionArn"] == f"{LAMBDA}:function:f"
