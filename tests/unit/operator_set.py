"""A set *a* in S3 and in the table, as ``sgvault`` reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.unit import operator_account
from tests.unit.fakes import EVENT_TABLE, OUTCOME_TABLE, FakeAws, FakeS3, installed
from tests.unit.operator_account import PARAMETER, Account

MANIFEST = "a-vaultjob/a.manifest"
OLD = 1_604_580_000
QUEUE = PARAMETER["uploadQueueUrl"]
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:vault-dev-reconciliation:one"


@dataclass
class DatedS3(FakeS3):
    """S3 with modification times; objects are old unless a test changes that."""

    modified: dict[str, int] = field(default_factory=dict)

    def head_object(self, **parameters: Any) -> dict[str, Any]:
        """Return the result of HEAD."""
        answer = super().head_object(**parameters)
        content = self.newest(parameters["Key"], bucket=parameters["Bucket"])
        modified = self.modified.get(parameters["Key"], OLD)
        return {
            **answer,
            "ContentLength": len(content),
            "LastModified": datetime.fromtimestamp(modified, UTC),
            "ETag": answer["VersionId"],
        }


@dataclass
class Place:
    """A set *a* in S3 and in the table, and its account."""

    aws: FakeAws
    s3: DatedS3
    account: Account
    register: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The register's rows, by folder."""
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By ARN."""

    def batch_get_item(self, _: Account, parameters: Mapping[str, Any]) -> Any:
        """Return one key of the register's BatchGetItem; the others are unprocessed."""
        ((table, wanted),) = parameters["RequestItems"].items()
        first, *others = wanted["Keys"]
        row = self.register.get(first["folder"]["S"])
        return {
            "Responses": {table: [row] if row else []},
            "UnprocessedKeys": {table: {"Keys": others}} if others else {},
        }

    def put(self, key: str, content: bytes, *, modified: int = OLD) -> None:
        self.s3.put(key, content)
        self.s3.modified[key] = modified

    def announced(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.account.bodies(QUEUE)]

    def keys(self) -> list[str]:
        return [each["detail"]["object-key"] for each in self.announced()]

    def query(self, _: Account, parameters: Mapping[str, Any]) -> Any:
        """Return the result of a Query on the set's rows or on the register's index."""
        if parameters.get("IndexName") == "due":
            return {"Items": [{"folder": each["folder"]} for each in self.register.values()]}
        values = parameters["ExpressionAttributeValues"]
        return {
            "Items": [
                row
                for row in self.aws.dynamodb.rows(EVENT_TABLE)
                if row["setId"] == values[":set"]
                and row["objectKey"]["S"].startswith(values[":folder"]["S"])
            ]
        }

    def get_item(self, _: Account, parameters: Mapping[str, Any]) -> Any:
        """Return the result of a GetItem on either table."""
        return self.aws.dynamodb.get_item(**parameters)

    def run(self, **changes: Any) -> None:
        """Add or replace an execution of the set, which has ended unless *changes* differ."""
        detail = {
            "set-id": "a",
            "bucket-name": "bucket",
            "object-key": MANIFEST,
            "object-size": 1,
            "event-time": OLD,
        }
        execution = {
            "executionArn": EXECUTION,
            "status": "SUCCEEDED",
            "startDate": datetime.fromtimestamp(OLD, UTC),
            "stopDate": datetime.fromtimestamp(OLD + 60, UTC),
            "input": json.dumps({"detail": detail}),
            "output": json.dumps({"notify": {"Payload": {"outcomeId": "o1"}}}),
            **changes,
        }
        if execution["status"] == "RUNNING":
            del execution["stopDate"]

        self.executions[execution["executionArn"]] = execution
        self.account.answers |= {
            "ListExecutions": self.list_executions,
            "DescribeExecution": lambda _, wanted: self.executions[wanted["executionArn"]],
        }

    def list_executions(self, _: Account, parameters: Mapping[str, Any]) -> Any:
        """Return the executions with a status, the last ended or, if they run, last started first."""
        newest = sorted(
            self.executions.values(),
            key=lambda each: each.get("stopDate", each["startDate"]),
            reverse=True,
        )
        wanted = parameters.get("statusFilter")
        return {"executions": [each for each in newest if wanted in (None, each["status"])]}

    def decide(self, status: str, **changes: Any) -> None:
        """Store the outcome of the execution."""
        detail = {
            "set-id": "a",
            "object-key": MANIFEST,
            "manifest-version-id": "version-1",
            "event-time": OLD,
            "status": status,
            "reason": "Not complete after 10 iterations",
            "attempt": 1,
            "started": OLD,
            "finished": OLD + 60,
            "files": 2,
            "found": 1,
            "missing": 1,
            "report": "s3://reports/a/one/summary.json",
            **changes,
        }
        self.aws.dynamodb.tables[OUTCOME_TABLE]["o1",] = {
            "id": {"S": "o1"},
            "detail": {"S": json.dumps(detail)},
        }


@contextmanager
def placed() -> Iterator[Place]:
    """Install the account, without any execution."""
    s3 = DatedS3()
    with installed(FakeAws(s3=s3)) as aws, operator_account.installed() as account:
        account.parameter["fileUploadBucketName"] = "bucket"
        made = Place(aws, s3, account)
        account.answers |= {
            "Query": made.query,
            "GetItem": made.get_item,
            "BatchGetItem": made.batch_get_item,
            "ListExecutions": made.list_executions,
            "ListObjectVersions": lambda *_: {},
            "FilterLogEvents": lambda *_: {"events": []},
            "GetParametersByPath": lambda *_: {"Parameters": []},
        }
        yield made
