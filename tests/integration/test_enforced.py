"""With IAM enforced, the functions' roles allow their calls, and nothing else.

All other tests also use the functions' own roles, and fail if a permission is missing.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.clients import DIRECT
from local.deployed_system import DeployedSystem

Client = Callable[[str], Any]
Call = Callable[[DeployedSystem, Client], Any]

TELL_CREDENTIALS = """
import os
def handler(event, context):
    return {
        "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": os.environ["AWS_SESSION_TOKEN"],
    }
"""
"""A role trusts only Lambda, so a function with the role returns its credentials."""


@contextmanager
def in_the_role_of(system: DeployedSystem, function: str) -> Iterator[Client]:
    """Return clients with the credentials that Lambda gives to *function*."""
    functions = system.client("lambda")
    deployed = functions.get_function_configuration(FunctionName=f"vault-demo-{function}")
    probe = f"probe-{function}"
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("probe.py", TELL_CREDENTIALS)
    functions.create_function(
        FunctionName=probe,
        Role=deployed["Role"],
        Runtime=deployed["Runtime"],
        Handler="probe.handler",
        Code={"ZipFile": code.getvalue()},
    )
    try:
        credentials = json.load(functions.invoke(FunctionName=probe)["Payload"])
        # Any, because boto3-stubs types clients by the literal names of services.
        session: Any = boto3.session.Session(**credentials, region_name=system.region)
        yield partial(session.client, endpoint_url=system.endpoint, config=DIRECT)
    finally:
        functions.delete_function(FunctionName=probe)


def publish(system: DeployedSystem, client: Client) -> Any:
    """Put an event on the bus that no rule matches."""
    entry = {"Source": "tests", "DetailType": "Nothing", "Detail": "{}"}
    answer = client("events").put_events(Entries=[entry | {"EventBusName": system.bus}])
    assert answer["FailedEntryCount"] == 0, answer


def record(system: DeployedSystem, client: Client) -> Any:
    """Write a row of an unused dataset."""
    row = {"setId": {"S": "enforced"}, "objectKey": {"S": "enforced"}}
    return client("dynamodb").put_item(TableName=system.table, Item=row)


def decide(system: DeployedSystem, client: Client) -> Any:
    """Write an unused decision."""
    return client("dynamodb").put_item(
        TableName=system.outcome_table, Item={"id": {"S": "enforced"}}
    )


def scan(system: DeployedSystem, client: Client) -> Any:
    """Read all rows."""
    return client("dynamodb").scan(TableName=system.table)


def list_objects(system: DeployedSystem, client: Client) -> Any:
    """List the upload bucket."""
    return client("s3").list_objects_v2(Bucket=system.bucket)


def read_data(system: DeployedSystem, client: Client) -> Any:
    """Read an object that is not a manifest."""
    return client("s3").get_object(Bucket=system.bucket, Key="enforced-vaultjob/data")


def delete_object(system: DeployedSystem, client: Client) -> Any:
    """Delete a vaulted object."""
    return client("s3").delete_object(Bucket=system.bucket, Key="enforced-vaultjob/data")


def who_am_i(system: DeployedSystem, client: Client) -> Any:
    """Call an operation that requires no permission."""
    return client("sts").get_caller_identity()


@pytest.mark.parametrize(
    ("function", "within", "beyond"),
    [
        ("classify-upload", publish, [record, scan, read_data]),
        ("record-upload", record, [scan, decide, publish]),
        ("reconcile-iterator", who_am_i, [list_objects, scan, publish]),
        ("reconcile-check", decide, [read_data, delete_object, record, publish]),
        ("reconcile-notify", publish, [read_data, delete_object, record, scan]),
    ],
)
def test_a_role_allows_its_functions_calls_and_none_beyond(
    system: DeployedSystem, function: str, within: Call, beyond: list[Call]
) -> None:
    """The calls use the same credentials as the function's code."""
    with in_the_role_of(system, function) as client:
        within(system, client)
        for call in beyond:
            with pytest.raises(ClientError) as refused:
                call(system, client)
            assert refused.value.response["Error"]["Code"].startswith("AccessDenied"), call
