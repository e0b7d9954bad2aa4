"""The fakes, the benchmarks' stub and the local endpoint refuse requests that AWS refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from local.emulator.aws_limits import RefusedByAwsError, check
from local.emulator.limits_gap import within_aws_limits

QUERY = {
    "TableName": "uploads",
    "KeyConditionExpression": "setId = :set",
    "ExpressionAttributeValues": {":set": {"S": "a"}},
}
ENTRY = {"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": "b"}
MESSAGE = {"QueueUrl": "u", "MessageBody": "x"}
ITEM = {"setId": {"S": "a"}, "objectKey": {"S": "k"}, "objectSize": {"N": "1"}}


def changed(base: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {**base, **changes}


def entries(number: int, **entry: Any) -> dict[str, Any]:
    return {"Entries": [{**ENTRY, **entry}] * number}


def messages(*ids: str, body: str = "x") -> dict[str, Any]:
    return {"QueueUrl": "u", "Entries": [{"Id": id_, "MessageBody": body} for id_ in ids]}


def attributed(text: str) -> dict[str, Any]:
    attribute = {"DataType": "String", "StringValue": text}
    return changed(MESSAGE, MessageAttributes={"reason": attribute})


def hidden(seconds: int) -> dict[str, Any]:
    entry = {"Id": "1", "ReceiptHandle": "r", "VisibilityTimeout": seconds}
    return {"QueueUrl": "u", "Entries": [entry]}


def put(**attributes: Any) -> dict[str, Any]:
    return {"TableName": "uploads", "Item": {**ITEM, **attributes}}


def rows(*keys: str) -> dict[str, Any]:
    items = [{**ITEM, "objectKey": {"S": key}} for key in keys]
    return {"RequestItems": {"uploads": [{"PutRequest": {"Item": item}} for item in items]}}


CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("dynamodb", "Query", changed(QUERY, Limit=2**31 - 1), changed(QUERY, Limit=2**31)),
    ("dynamodb", "Query", QUERY, changed(QUERY, Limit=0)),
    ("dynamodb", "Query", QUERY, changed(QUERY, Limit="1")),
    ("dynamodb", "Query", QUERY, changed(QUERY, Lmit=1)),
    ("dynamodb", "Query", QUERY, changed(QUERY, Select="EVERYTHING")),
    ("dynamodb", "Query", QUERY, changed(QUERY, FilterExpression="expiresAt > :now")),
    ("dynamodb", "Query", QUERY, changed(QUERY, KeyConditionExpression="setId = 1")),
    ("dynamodb", "Query", QUERY, changed(QUERY, FilterExpression="a = :set" + 4096 * " ")),
    ("dynamodb", "PutItem", put(objectKey={"S": 512 * "é"}), put(objectKey={"S": 513 * "é"})),
    ("dynamodb", "PutItem", put(setId={"S": 2048 * "a"}), put(setId={"S": 2049 * "a"})),
    ("dynamodb", "PutItem", put(detail={"S": 409_000 * "x"}), put(detail={"S": 410_000 * "x"})),
    ("dynamodb", "PutItem", put(n={"N": 38 * "9"}), put(n={"N": 39 * "9"})),
    ("dynamodb", "PutItem", put(n={"N": "-1.5"}), put(n={"N": "1O"})),
    ("dynamodb", "PutItem", put(detail={"S": ""}), put(setId={"S": ""})),
    (
        "dynamodb",
        "BatchWriteItem",
        rows(*map(str, range(25))),
        rows(*map(str, range(26))),
    ),
    ("dynamodb", "BatchWriteItem", rows("k", "l"), rows("k", "k")),
    ("events", "PutEvents", entries(10), entries(11)),
    ("events", "PutEvents", entries(1, Detail=262_000 * "x"), entries(2, Detail=131_100 * "x")),
    (
        "s3",
        "ListObjectsV2",
        {"Bucket": "b", "Prefix": 512 * "é"},
        {"Bucket": "b", "Prefix": 512 * "é" + "/"},
    ),
    ("s3", "ListObjectsV2", {"Bucket": "b", "MaxKeys": 1}, {"Bucket": "b", "MaxKeys": 2**31}),
    ("s3", "GetObject", {"Bucket": "b", "Key": "k"}, {"Bucket": "b", "Key": ""}),
    (
        "s3",
        "DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": 1000 * [{"Key": "k"}]}},
        {"Bucket": "b", "Delete": {"Objects": 1001 * [{"Key": "k"}]}},
    ),
    ("sqs", "SendMessage", changed(MESSAGE, DelaySeconds=900), changed(MESSAGE, DelaySeconds=901)),
    (
        "sqs",
        "SendMessage",
        changed(MESSAGE, MessageBody="\t"),
        changed(MESSAGE, MessageBody="\x01"),
    ),
    (
        "sqs",
        "SendMessage",
        MESSAGE,
        changed(
            MESSAGE,
            MessageAttributes={
                str(n): {"DataType": "String", "StringValue": "x"} for n in range(11)
            },
        ),
    ),
    ("sqs", "SendMessageBatch", messages("1", "2"), messages("1", "1")),
    (
        "sqs",
        "SendMessageBatch",
        messages(*map(str, range(10))),
        messages(*map(str, range(11))),
    ),
    (
        "sqs",
        "SendMessageBatch",
        messages("1", body=262_000 * "x"),
        messages("1", "2", body=131_100 * "x"),
    ),
    ("sqs", "SendMessage", attributed("x"), attributed("")),
    ("sqs", "ChangeMessageVisibilityBatch", hidden(43_200), hidden(43_201)),
    (
        "ssm",
        "PutParameter",
        {"Name": "n", "Value": 4096 * "x"},
        {"Name": "n", "Value": 4097 * "x"},
    ),
    (
        "stepfunctions",
        "StartExecution",
        {"stateMachineArn": "a", "input": 131_072 * "é"},
        {"stateMachineArn": "a", "input": 131_073 * "é"},
    ),
    (
        "lambda",
        "Invoke",
        {"FunctionName": "f", "Payload": 262_145 * b"x"},
        {"FunctionName": "f", "Payload": 262_145 * b"x", "InvocationType": "Event"},
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "taken", "refused"),
    CASES,
    ids=[f"{number}-{case[1]}" for number, case in enumerate(CASES)],
)
def test_a_request_at_a_limit_is_accepted_and_one_beyond_it_refused(
    service: str, operation: str, taken: dict[str, Any], refused: dict[str, Any]
) -> None:
    """Pitfall 35: a fake that accepts more than AWS hides a fault until the deployment."""
    check(service, operation, taken)
    with pytest.raises(RefusedByAwsError):
        check(service, operation, refused)


def requested(target: str, body: bytes) -> tuple[list[bytes], list[dict[str, Any]]]:
    """Send a request to an emulator that accepts everything; return what it receives and returns."""
    got: list[bytes] = []
    sent: list[dict[str, Any]] = []
    parts = [
        {"type": "http.request", "body": body[:5], "more_body": True},
        {"type": "http.request", "body": body[5:], "more_body": False},
    ]

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            got.append(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(b"x-amz-target", target.encode())]}

    async def request() -> None:
        await within_aws_limits(inner)(scope, receive, send)

    asyncio.run(request())
    return got, sent


def test_the_local_endpoint_refuses_a_number_that_is_no_int32() -> None:
    body = json.dumps(changed(QUERY, Limit=2**31)).encode()
    got, sent = requested("DynamoDB_20120810.Query", body)
    assert got == []
    assert sent[0]["status"] == 400
    assert json.loads(sent[1]["body"])["__type"] == "ValidationException"


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("DynamoDB_20120810.Query", json.dumps(QUERY).encode()),
        ("DynamoDB_20120810.CreateTable", b'{"anything": 1}'),
        ("DynamoDB_20120810.Query", b"no JSON"),
        ("Other.Query", b'{"Limit": 99999999999}'),
    ],
)
def test_the_local_endpoint_passes_on_other_requests_unchanged(target: str, body: bytes) -> None:
    got, sent = requested(target, body)
    assert b"".join(got) == body
    assert sent[0]["status"] == 200
