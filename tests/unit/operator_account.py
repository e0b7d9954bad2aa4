"""An account for ``sgvault``: boto3's real clients with a fake transport."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from tests.unit.refusals import client_error

ACCOUNT = "123456789012"
URL = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/"
ARN = f"arn:aws:{{}}:us-east-1:{ACCOUNT}:{{}}"

PARAMETER: dict[str, Any] = {
    "environmentName": "dev",
    "fileUploadBucketName": "uploads-bucket",
    "reportsBucketName": "reports",
    "uploadEventTableName": "uploads",
    "outcomeTableName": "outcomes",
    "stateMachineArn": ARN.format("states", "stateMachine:vault-dev-reconciliation"),
    "uploadRuleArn": ARN.format("events", "rule/vault-dev-uploads"),
    "uploadQueueUrl": f"{URL}vault-dev-uploads",
    "uploadDeadLetterQueueUrl": f"{URL}vault-dev-uploads-dead-letters",
    "undeliveredQueueUrl": f"{URL}vault-dev-undelivered",
    "vaultBusName": "vault-dev-events",
    "gatewayParameters": "/dev/fileGateway",
    "jobDirSuffixName": "-vaultjob",
    "manifestSuffixName": ".manifest",
    "reconcileCountIterations": 960,
    "reconcileWaitIterations": 30,
    "uploadSettlingSeconds": 60,
    "expiryDays": 30,
    "verifyObjects": True,
    "ignoreUnexpectedNames": [".nfs*"],
    "preventDestroy": False,
    "setTableName": "vault-dev-sets",
    "recordQueueUrl": f"{URL}vault-dev-records",
    "recordDeadLetterQueueUrl": f"{URL}vault-dev-records-dead-letters",
    "uploadArchiveArn": ARN.format("events", "archive/vault-dev-uploads"),
}

Answer = Callable[["Account", Mapping[str, Any]], Any]


@dataclass
class Account:
    """The contents of the account; *calls* are the called operations with their parameters."""

    parameter: dict[str, Any] = field(default_factory=lambda: dict(PARAMETER))
    queues: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    """Messages by queue URL and receipt handle; a hidden one has ``hidden``."""
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    """By operation: the answer or the exception that a test sets."""
    ids: Iterator[int] = field(default_factory=count)

    def put(
        self, url: str, body: str, attributes: Mapping[str, str] | None = None, *, sent_ms: int = 0
    ) -> str:
        """Send a message; return its id."""
        id_ = f"message-{next(self.ids)}"
        self.queues[url][f"handle of {id_}"] = {
            "MessageId": id_,
            "ReceiptHandle": f"handle of {id_}",
            "Body": body,
            "Attributes": {"SentTimestamp": str(sent_ms)},
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in (attributes or {}).items()
            },
        }
        return id_

    def bodies(self, url: str) -> list[str]:
        """Return the bodies of a queue's visible messages."""
        return [each["Body"] for each in self.queues[url].values() if not each.get("hidden")]

    def named(self, operation: str) -> list[Mapping[str, Any]]:
        """Return the parameters of each call of *operation*."""
        return [parameters for name, parameters in self.calls if name == operation]

    def call(self, client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        """Answer one call, whose parameters fit AWS's model."""
        shape = client.meta.service_model.operation_model(operation).input_shape
        report = ParamValidator().validate(dict(parameters), shape)
        assert not report.has_errors(), report.generate_report()
        self.calls.append((operation, parameters))
        if operation in self.answers:
            return self.answers[operation](self, parameters)
        return ANSWERS[operation](self, parameters)


def _receive(account: Account, parameters: Mapping[str, Any]) -> Any:
    assert parameters["MaxNumberOfMessages"] <= 10
    queue = account.queues[parameters["QueueUrl"]]
    visible = [each for each in queue.values() if not each.get("hidden")]
    messages = visible[: parameters["MaxNumberOfMessages"]]
    for message in messages:
        message["hidden"] = True
    return {"Messages": messages} if messages else {}


def _change_visibility(account: Account, parameters: Mapping[str, Any]) -> Any:
    assert 0 < len(parameters["Entries"]) <= 10
    queue = account.queues[parameters["QueueUrl"]]
    for entry in parameters["Entries"]:
        queue[entry["ReceiptHandle"]]["hidden"] = entry["VisibilityTimeout"] > 0
    return {"Successful": [], "Failed": []}


def _delete(account: Account, parameters: Mapping[str, Any]) -> Any:
    del account.queues[parameters["QueueUrl"]][parameters["ReceiptHandle"]]
    return {}


def _send(account: Account, parameters: Mapping[str, Any]) -> Any:
    account.put(parameters["QueueUrl"], parameters["MessageBody"], sent_ms=10**15)
    return {"MessageId": "sent"}


def _send_batch(account: Account, parameters: Mapping[str, Any]) -> Any:
    entries = parameters["Entries"]
    assert 0 < len(entries) <= 10
    assert sum(len(each["MessageBody"].encode()) for each in entries) <= 256 * 1024
    for each in entries:
        account.put(parameters["QueueUrl"], each["MessageBody"], sent_ms=10**15)
    return {"Successful": [{"Id": each["Id"]} for each in entries], "Failed": []}


def _parameter(account: Account, parameters: Mapping[str, Any]) -> Any:
    if parameters["Name"] != f"/{account.parameter['environmentName']}/vault":
        raise client_error("ParameterNotFound", 400)
    return {"Parameter": {"Value": json.dumps(account.parameter)}}


ANSWERS: dict[str, Answer] = {
    "GetParameter": _parameter,
    "GetCallerIdentity": lambda *_: {"Arn": ARN.format("sts", "assumed-role/operator/anna")},
    "ReceiveMessage": _receive,
    "ChangeMessageVisibilityBatch": _change_visibility,
    "DeleteMessage": _delete,
    "SendMessage": _send,
    "SendMessageBatch": _send_batch,
    "GetQueueUrl": lambda _, parameters: {"QueueUrl": URL + parameters["QueueName"]},
    "Invoke": lambda *_: {"StatusCode": 202},
    "StartExecution": lambda *_: {"executionArn": "an-execution"},
    "Publish": lambda *_: {"MessageId": "sent"},
    "CreateLogStream": lambda *_: {},
    "PutLogEvents": lambda *_: {},
    "PutObject": lambda *_: {},
}


@contextmanager
def installed() -> Iterator[Account]:
    """Make every boto3 client call a new account."""
    account = Account()

    def call(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        return account.call(client, operation, parameters)

    session = boto3.DEFAULT_SESSION or boto3.session.Session()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boto3.DEFAULT_SESSION", session)
        patch.setattr("boto3.setup_default_session", lambda: None)  # it loads every model anew
        patch.setattr("botocore.client.BaseClient._make_api_call", call)
        yield account
