"""The tests' actions and queries on a deployed system; they use AWS's APIs only."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from local.deployed_system import EVENT_PROCESSING, FILE_SHARE, DeployedSystem
from local.outcomes import Event, OutcomeSubscription
from tests.unit.samples import object_upload

T = TypeVar("T")
SGVAULT = Path(__file__).parents[2] / "tools/sgvault.sh"


def eventually(look: Callable[[], T], *, seconds: float = 60) -> T:
    """Return the result of *look* as soon as it is true, or else its last result."""
    end = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.5)
    return seen


class Driver:
    """Puts objects into the vault's bucket, and announces them in the rule's queue."""

    def __init__(self, system: DeployedSystem) -> None:
        self.system = system
        self.s3 = system.client("s3")
        self.sqs = system.client("sqs")
        self.dynamodb = system.client("dynamodb")
        self.stepfunctions = system.client("stepfunctions")

    def outcomes(self, set_id: str) -> OutcomeSubscription:
        """Subscribe to the outcomes of a set."""
        return OutcomeSubscription(self.system, set_id)

    def vault(self, source: Path, set_id: str, share: Path, *flags: str) -> None:
        """Vault *source* into a share's folder with the client's script."""
        where = ("--source", str(source), "--set", set_id, "--share", str(share), "--unmounted")
        self.system.gateway_client().run("vault-data.sh", *where, *flags)

    def put(self, key: str, body: bytes = b"x") -> None:
        """Put an object, as a gateway does before it announces it."""
        self.s3.put_object(Bucket=self.system.bucket, Key=key, Body=body)

    def announce(self, *keys: str, size: int = 1, time_: str = "2026-11-20T12:00:00Z") -> None:
        """Announce that each of *keys* is completely in S3."""
        bodies = [self.event(key, size=size, time_=time_) for key in keys]
        self.send([json.dumps(body) for body in bodies])

    def announce_now(self, key: str, *, size: int) -> None:
        """Announce an object with the present time, as a gateway does."""
        self.announce(key, size=size, time_=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    @cached_property
    def reports_bucket(self) -> str:
        """The bucket of reports and receipts."""
        outputs = self.system.deployment().outputs(EVENT_PROCESSING)
        return str(outputs["reportsBucketName"])

    def send(self, bodies: list[str]) -> None:
        """Put messages into the queue of the rule."""
        for start in range(0, len(bodies), 10):
            batch = bodies[start : start + 10]
            self.sqs.send_message_batch(
                QueueUrl=self.system.queue_url,
                Entries=[
                    {"Id": str(number), "MessageBody": body} for number, body in enumerate(batch)
                ],
            )

    def event(self, key: str, *, size: int, time_: str) -> dict[str, Any]:
        """Return the upload event of one object in AWS's documented form."""
        return object_upload(
            key,
            time=time_,
            object_size=size,
            modification_time=time_,
            bucket_name=self.system.bucket,
        )

    def manifest(self, set_id: str, listed: Iterable[str]) -> str:
        """Put a plain manifest of keys, announce it, and return its key."""
        key = f"{set_id}-vaultjob/{set_id}.manifest"
        body = "".join(f"{line}\n" for line in listed).encode()
        self.put(key, body)
        self.announce(key, size=len(body))
        return key

    def rows(self, set_id: str) -> dict[str, dict[str, Any]]:
        """Return the rows of a set by their keys."""
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.system.table,
            KeyConditionExpression="setId = :set",
            ExpressionAttributeValues={":set": {"S": set_id}},
        )
        return {item["objectKey"]["S"]: item for page in pages for item in page["Items"]}

    def date_rows_back(self, set_id: str, *, seconds: int) -> None:
        """Move the times of a set's uploads back by *seconds*."""
        for key, row in self.rows(set_id).items():
            self.dynamodb.update_item(
                TableName=self.system.table,
                Key={"setId": {"S": set_id}, "objectKey": {"S": key}},
                UpdateExpression="SET eventTime = :then",
                ExpressionAttributeValues={
                    ":then": {"N": str(int(row["eventTime"]["N"]) - seconds)}
                },
            )

    @contextmanager
    def held_uploads(self) -> Iterator[None]:
        """Make messages wait in the upload queue, as if the function were throttled."""
        functions = self.system.client("lambda")
        (mapping,) = functions.list_event_source_mappings(
            FunctionName=f"vault-{self.system.environment}-classify-upload"
        )["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    def metric(self, function: str, name: str) -> list[float]:
        """Return the logged values of a function's metric, one for each invocation."""
        pages = self.system.client("logs").get_paginator("filter_log_events")
        lines = [
            event["message"]
            for page in pages.paginate(
                logGroupName=f"/aws/lambda/vault-{self.system.environment}-{function}"
            )
            for event in page["events"]
            if f'"{name}"' in event["message"]
        ]
        return [sum(json.loads(line)[name]) for line in lines]

    def executions(self, set_id: str) -> list[dict[str, Any]]:
        """Return the executions that a set's manifest has started."""
        listed = self.stepfunctions.list_executions(
            stateMachineArn=self.system.state_machine_arn, maxResults=1000
        )["executions"]
        described = [
            self.stepfunctions.describe_execution(executionArn=each["executionArn"])
            for each in listed
        ]
        return [
            each for each in described if json.loads(each["input"])["detail"]["set-id"] == set_id
        ]

    def report(self, event: Event) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Fetch the summary and the differences of an outcome's report."""
        bucket, _, key = event["detail"]["report"].removeprefix("s3://").partition("/")
        summary = json.loads(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        lines: list[dict[str, Any]] = []
        for part in summary["differences"]:
            body = self.s3.get_object(Bucket=bucket, Key=part)["Body"].read()
            lines += [json.loads(line) for line in gzip.decompress(body).split(b"\n") if line]
        return summary, lines

    @contextmanager
    def notices(self) -> Iterator[Callable[[], list[str]]]:
        """Subscribe a queue to the stack's topic; yield a function that receives its messages."""
        sns = self.system.client("sns")
        (topic,) = (
            each["TopicArn"]
            for each in sns.list_topics()["Topics"]
            if each["TopicArn"].endswith(f":vault-{self.system.environment}-notices")
        )
        queue = f"{topic.replace(':sns:', ':sqs:').rpartition(':')[0]}:notices"
        may_send = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may_send]})
        url = self.sqs.create_queue(QueueName="notices", Attributes={"Policy": policy})["QueueUrl"]
        subscription = sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=queue,
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )
        try:
            yield lambda: self.dead_letters(url)
        finally:
            sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
            self.sqs.delete_queue(QueueUrl=url)

    def dead_letters(self, queue_url: str) -> list[str]:
        """Receive and delete the bodies in a queue."""
        answer = self.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        messages = answer.get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in messages]


def the_stacks_share(system: DeployedSystem) -> dict[str, Any]:
    """Describe the file share of FileShareStack."""
    arn = system.deployment().outputs(FILE_SHARE)["fileShareArn"]
    found = system.client("storagegateway").describe_nfs_file_shares(FileShareARNList=[arn])
    share: dict[str, Any] = found["NFSFileShareInfoList"][0]
    return share


def administrator(system: DeployedSystem) -> dict[str, str]:
    """Return the environment of a command with all rights; Terraform has those of a deployer."""
    return {
        **system.deployment().environment,
        "AWS_ACCESS_KEY_ID": system.access_key_id,
        "AWS_SECRET_ACCESS_KEY": system.secret_access_key,
    }


@contextmanager
def user(system: DeployedSystem, name: str, *options: str) -> Iterator[dict[str, str]]:
    """Create a user with the rights that ``sgvault policy`` prints; yield the user's environment."""
    environ = dict(system.deployment().environment)
    policy = subprocess.run(
        [SGVAULT, "policy", *options], env=environ, capture_output=True, text=True, check=True
    ).stdout
    iam = system.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="sgvault", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    try:
        yield environ | {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
    finally:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName=name, PolicyName="sgvault")
        iam.delete_user(UserName=name)


def outcome(subscription: OutcomeSubscription, *, seconds: float = 180) -> Event:
    """Return the next outcome of the set, or fail."""
    event = eventually(subscription.receive, seconds=seconds)
    assert event is not None, "no outcome was announced"
    return event


def silent(subscription: OutcomeSubscription, *, seconds: float = 6) -> bool:
    """Return whether no further outcome arrives."""
    return eventually(subscription.receive, seconds=seconds) is None
