"""A recorded request is read as its service reads it, and violations of AWS's model are found."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from local.emulator.asgi import Application
from local.emulator.recording import VARIABLE, append, line_of, recorded
from tools.recorded_requests.recorded import Recorded
from tools.recorded_requests.violations import EXCEPTIONS, read, violations, violations_of

ROLE = "arn:aws:iam::123456789012:role/r"
TAGS = [{"Key": "Umlaut ü", "Value": "a b/c"}]
SENT: list[tuple[str, str, dict[str, Any]]] = [
    ("dynamodb", "PutItem", {"TableName": "t-1", "Item": {"a": {"N": "1"}, "b": {"B": b"\x00"}}}),
    (
        "sqs",
        "CreateQueue",
        {"QueueName": "q", "Attributes": {"DelaySeconds": "0"}, "tags": {"a": "b"}},
    ),
    ("events", "PutRule", {"Name": "r", "EventPattern": "{}", "State": "ENABLED", "Tags": TAGS}),
    ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": "{}", "Tags": TAGS}),
    ("sns", "Subscribe", {"TopicArn": "t", "Protocol": "sqs", "Attributes": {"a": "b"}}),
    (
        "ec2",
        "RunInstances",
        {
            "MinCount": 1,
            "MaxCount": 1,
            "DryRun": False,
            "SecurityGroupIds": ["sg-1", "sg-2"],
            "TagSpecifications": [{"ResourceType": "instance", "Tags": TAGS}],
        },
    ),
    (
        "lambda",
        "CreateFunction",
        {"FunctionName": "f", "Role": ROLE, "Code": {"ZipFile": b"zip"}, "Timeout": 3},
    ),
    ("lambda", "ListTags", {"Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f"}),
    ("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "a b/", "MaxKeys": 5, "EncodingType": "url"}),
    ("s3", "PutObject", {"Bucket": "b", "Key": "deep/ü +%.txt", "Body": b"x"}),
    ("s3", "CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "b/other"}),
    ("s3", "PutBucketTagging", {"Bucket": "b", "Tagging": {"TagSet": TAGS}}),
    (
        "s3",
        "DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "k", "VersionId": "v"}]}},
    ),
    ("storagegateway", "ListGateways", {"Limit": 5}),
]


def sent(service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the recorded line of a request that boto3 sends."""
    lines: list[dict[str, Any]] = []

    def keep(request: Any, **_: Any) -> Any:
        url = urlsplit(request.url)
        scope = {
            "method": request.method,
            "path": url.path,
            "raw_path": url.path.encode(),
            "query_string": url.query.encode(),
            "headers": [
                (name.encode(), value if isinstance(value, bytes) else str(value).encode())
                for name, value in request.headers.items()
            ],
        }
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        lines.append(line_of(scope, body if isinstance(body, bytes) else body.encode()))
        raise KeyboardInterrupt

    # Any, because boto3-stubs types clients by the literal names of services.
    session: Any = boto3.session.Session("local", "local", region_name="eu-west-1")
    client = session.client(
        service,
        endpoint_url="http://127.0.0.1:9",
        config=Config(parameter_validation=False, request_checksum_calculation="when_required"),
    )
    client.meta.events.register("before-send", keep)
    with pytest.raises(KeyboardInterrupt):
        client._make_api_call(operation, dict(parameters))
    return lines[0]


@pytest.mark.parametrize(
    ("service", "operation", "parameters"), SENT, ids=lambda each: str(each)[:16]
)
def test_a_request_is_read_as_it_was_meant(
    service: str, operation: str, parameters: dict[str, Any]
) -> None:
    recorded_request = Recorded.from_line(sent(service, operation, parameters))
    request = read(recorded_request)
    assert request.name == f"{service}:{operation}"
    found = {name: request.parameters.get(name) for name in parameters}
    assert found == parameters
    assert list(violations(recorded_request)) == []


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "found"),
    [
        ("events", "PutRule", {"Name": "r", "State": "SOMETIMES"}, "'SOMETIMES' is none of"),
        ("events", "PutRule", {"Name": "not a name"}, "does not match"),
        (
            "dynamodb",
            "PutItem",
            {"TableName": "t-1"},
            'Missing required parameter in input: "Item"',
        ),
        (
            "iam",
            "CreateRole",
            {"RoleName": "r" * 65, "AssumeRolePolicyDocument": "{}"},
            "65 is more",
        ),
        ("lambda", "GetFunction", {"FunctionName": "f" * 300}, "300 is more than"),
        (
            "lambda",
            "CreateFunction",
            {"FunctionName": "f", "Role": ROLE, "Code": {}, "Timeout": 0},
            "Invalid value for parameter Timeout",
        ),
        ("ec2", "RunInstances", {"MaxCount": 1}, 'Missing required parameter in input: "MinCount"'),
    ],
)
def test_what_the_model_forbids_is_found(
    service: str, operation: str, parameters: dict[str, Any], found: str
) -> None:
    (violation,) = violations(Recorded.from_line(sent(service, operation, parameters)))
    assert violation.startswith(f"{service}:{operation}")
    assert found in violation


@pytest.mark.parametrize(
    ("number", "old", "new", "found"),
    [
        (1, "QueueName", "QueueNames", "QueueNames"),
        (3, "RoleName", "RoleNames", "CreateRole has no RoleNames"),
        (3, "CreateRole", "MakeRole", "iam has no operation MakeRole"),
        (5, "DryRun=false", "DryRun=perhaps", "'perhaps' is no boolean"),
        (11, "TagSet", "TagSets", "has no element TagSets"),
    ],
)
def test_a_name_that_the_model_does_not_have_is_found(
    number: int, old: str, new: str, found: str
) -> None:
    """An SDK of another version might send such a name."""
    request = Recorded.from_line(sent(*SENT[number]))
    body = request.body.replace(old.encode(), new.encode())
    assert body != request.body
    (violation,) = violations(replace(request, body=body))
    assert found in violation


def test_a_path_without_an_operation_is_found() -> None:
    line = sent("lambda", "GetFunction", {"FunctionName": "f"}) | {"path": "/2015-03-31/nothing"}
    (violation,) = violations(Recorded.from_line(line))
    assert violation == "lambda: lambda has no operation for GET /2015-03-31/nothing?"


async def call(app: Application, scope: Any, receive: Any) -> None:
    await app(scope, receive, None)


def test_a_recording_has_every_request_before_it_is_answered(tmp_path: Path) -> None:
    """A record lacks the signature and the token; requests are recorded only if the variable names a file."""
    path = tmp_path / "requests.jsonl"
    headers = [
        (b"authorization", b"AWS4 Credential=A/20261127/eu-west-1/sqs/aws4_request, Signature=s"),
        (b"x-amz-security-token", b"secret"),
        (b"x-amz-target", b"AmazonSQS.CreateQueue"),
    ]
    answered: list[bytes] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        answered.append((await receive())["body"])

    assert recorded(inner, {}) is inner
    app = recorded(inner, {VARIABLE: str(path)})
    for body in (b'{"QueueName": "q"}', b'{"QueueName": 1}'):
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}

        async def receive(body: bytes = body) -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        asyncio.run(call(app, scope, receive))
    assert answered == [b'{"QueueName": "q"}', b'{"QueueName": 1}']
    assert "secret" not in path.read_text()
    assert "Signature" not in path.read_text()
    (violation,) = violations_of(path)
    assert violation.startswith("sqs:CreateQueue: Invalid type for parameter QueueName")


def test_a_request_whose_client_was_interrupted_is_not_recorded(tmp_path: Path) -> None:
    """Its body is not what the client meant to send."""
    messages: list[dict[str, Any]] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": b"<a"},
    ]
    scope = {"type": "http", "method": "PUT", "path": "/b", "headers": [(b"content-length", b"9")]}

    async def receive() -> Any:
        return {"more_body": bool(messages[1:]), **messages.pop()}

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["body"] == b"<a"

    app = recorded(inner, {VARIABLE: str(tmp_path / "requests.jsonl")})
    asyncio.run(call(app, scope, receive))
    assert not (tmp_path / "requests.jsonl").exists()


def test_unsigned_requests_are_no_service_s(tmp_path: Path) -> None:
    append(tmp_path / "r", line_of({"method": "GET", "path": "/", "headers": []}, b""))
    assert violations_of(tmp_path / "r") == []
    assert all(each.reason for each in EXCEPTIONS)


def test_of_a_large_body_only_its_long_texts_are_cut() -> None:
    """Otherwise the request that creates a function with its code would be unreadable."""
    code = {"ZipFile": b"x" * 1_500_000}
    line = sent("lambda", "CreateFunction", {"FunctionName": "f", "Role": ROLE, "Code": code})
    assert list(violations(Recorded.from_line(line))) == []
    assert len(str(line)) < 200_000
