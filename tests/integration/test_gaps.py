"""Each gap of the emulator exists, and is closed on the local endpoint.

If the emulator behaves like AWS, the patch is no longer needed, and this test fails.
"""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws_environment import Endpoint
from local.clients import client
from local.emulator import endpoint_process
from local.emulator.endpoint_process import EndpointOptions
from tests.integration.driver import eventually

REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/probe"
HANDLER = 'def handler(event, context):\n    print("batch of", len(event["Records"]))\n'
RAISES = 'def handler(event, context):\n    raise LookupError("no such set")\n'

Clients = Callable[[str], Any]
Probe = Callable[[Clients], bool]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Return the local endpoint, without a deployment."""
    process = endpoint_process.start(tmp_path_factory.mktemp("endpoint"), EndpointOptions())
    yield lambda service: client(Endpoint(url=process.url, region=process.region), service)
    process.end()


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Return the emulator without patches."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("emulator")
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": "123456789012",
            "TMPDIR": str(folder),
            "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert eventually(lambda: answers(port)), "the emulator did not start"
    yield lambda service: client(Endpoint(url=f"http://127.0.0.1:{port}", region=REGION), service)
    process.kill()
    process.wait()


def answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def a_range_of_a_version(clients: Clients) -> bool:
    s3 = clients("s3")
    s3.create_bucket(Bucket="ranges", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="ranges", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="ranges", Key="a", Body=b"0123456789")["VersionId"]
    part = s3.get_object(Bucket="ranges", Key="a", VersionId=version, Range="bytes=4-5")
    return bool(part["Body"].read() == b"45")


def names_of_versions_that_are_encoded(clients: Clients) -> bool:
    s3 = clients("s3")
    s3.create_bucket(Bucket="names", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="names", Key="100%", Body=b"")
    listed = s3.list_object_versions(Bucket="names", EncodingType="url")
    return [each["Key"] for each in listed["Versions"]] == ["100%25"]


def tracing_of_a_state_machine(clients: Clients) -> bool:
    states = clients("stepfunctions")
    made = states.create_state_machine(
        name="traced",
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
        roleArn=ROLE,
        tracingConfiguration={"enabled": True},
    )
    described = states.describe_state_machine(stateMachineArn=made["stateMachineArn"])
    return bool(described.get("tracingConfiguration", {}).get("enabled"))


def create_function(clients: Clients, name: str, code: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", code)
    clients("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
    )


def the_class_of_a_handlers_exception(clients: Clients) -> bool:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    create_function(clients, "raises", RAISES)
    answer = clients("lambda").invoke(FunctionName="raises")
    raised = json.loads(answer["Payload"].read())
    assert (answer["FunctionError"], raised["errorMessage"]) == ("Unhandled", "no such set")
    return bool(raised["errorType"] == "LookupError")


def a_batch_of_more_than_ten(clients: Clients) -> bool:
    create_function(clients, "probe", HANDLER)
    url = clients("sqs").create_queue(QueueName="probe")["QueueUrl"]
    for start in (0, 10):
        numbers = range(start, start + 10)
        entries = [{"Id": str(number), "MessageBody": "x"} for number in numbers]
        clients("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    clients("lambda").create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:{REGION}:123456789012:probe",
        FunctionName="probe",
        BatchSize=100,
        MaximumBatchingWindowInSeconds=1,
    )
    return "batch of 20" in eventually(lambda: batches(clients))


def batches(clients: Clients) -> str:
    try:
        events = clients("logs").filter_log_events(logGroupName="/aws/lambda/probe")["events"]
    except ClientError:
        return ""
    return "".join(each["message"] for each in events if "batch of" in each["message"])


def an_instance_with_its_network_and_metadata_options(clients: Clients) -> bool:
    ec2 = clients("ec2")
    network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    made = ec2.run_instances(
        ImageId="ami-0c02fb55956c7d316",
        InstanceType="m5.xlarge",
        MinCount=1,
        MaxCount=1,
        MetadataOptions={"HttpTokens": "required"},
        NetworkInterfaces=[
            {"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": False}
        ],
    )["Instances"][0]
    described = ec2.describe_instances(InstanceIds=[made["InstanceId"]])
    instance = described["Reservations"][0]["Instances"][0]
    return bool(
        instance["SubnetId"] == subnet
        and instance.get("MetadataOptions", {}).get("HttpTokens") == "required"
        and not instance.get("PublicIpAddress")
    )


def one_volume_for_a_repeated_request(clients: Clients) -> bool:
    wanted = {"AvailabilityZone": f"{REGION}a", "Size": 8, "ClientToken": "probe"}
    made = [clients("ec2").create_volume(**wanted)["VolumeId"] for _ in range(2)]
    return len(set(made)) == 1


def an_endpoint_of_storage_gateway(clients: Clients) -> bool:
    services = clients("ec2").describe_vpc_endpoint_services()["ServiceNames"]
    return f"com.amazonaws.{REGION}.storagegateway" in services


def zones_that_offer_an_instance_type(clients: Clients) -> bool:
    try:
        offered = clients("ec2").describe_instance_type_offerings(
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": ["m5.xlarge"]}],
        )
    except ClientError:
        return False
    return bool(offered["InstanceTypeOfferings"])


def a_page_of_more_rows_than_a_number_can_say(clients: Clients) -> bool:
    dynamodb = clients("dynamodb")
    dynamodb.create_table(
        TableName="pages",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    try:
        dynamodb.query(
            TableName="pages",
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": "a"}},
            Limit=2**31,
        )
    except ClientError:
        return True
    return False


PROBES: tuple[Probe, ...] = (
    a_range_of_a_version,
    names_of_versions_that_are_encoded,
    tracing_of_a_state_machine,
    the_class_of_a_handlers_exception,
    a_batch_of_more_than_ten,
    an_instance_with_its_network_and_metadata_options,
    one_volume_for_a_repeated_request,
    an_endpoint_of_storage_gateway,
    zones_that_offer_an_instance_type,
    a_page_of_more_rows_than_a_number_can_say,
)
"""A function for each gap; on AWS it would return True."""


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
def test_the_local_endpoint_answers_as_aws_does(endpoint: Clients, probe: Probe) -> None:
    assert probe(endpoint)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
def test_the_emulator_still_has_the_gap(emulator: Clients, probe: Probe) -> None:
    assert not probe(emulator), "the emulator closed it: drop what closes it in local/emulator"
