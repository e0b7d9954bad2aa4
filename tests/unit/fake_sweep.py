"""The clients that only the sweep uses: Step Functions, Lambda, and S3 with folders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.refusals import check, client_error


class ExecutionAlreadyExists(ClientError):
    """An execution with that name has ended."""


class ExecutionDoesNotExist(ClientError):
    """There is no such execution, or it ended ninety days ago."""


@dataclass
class FakeStates:
    """Step Functions: executions by ARN."""

    running: dict[str, int] = field(default_factory=dict)
    """Running executions, with the attempt in the input of each."""
    ended: set[str] = field(default_factory=set)
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Executions with a full description."""

    class exceptions:  # noqa: N801 - boto3's own name
        """The modelled exceptions, as attributes of boto3's client."""

        ExecutionAlreadyExists = ExecutionAlreadyExists
        ExecutionDoesNotExist = ExecutionDoesNotExist

    def describe_execution(self, **parameters: Any) -> dict[str, Any]:
        """Return status and input of an execution."""
        check("stepfunctions", "DescribeExecution", parameters)
        arn = parameters["executionArn"]
        if arn in self.executions:
            return self.executions[arn]
        if arn not in self.running and arn not in self.ended:
            error = client_error("ExecutionDoesNotExist", 400)
            raise ExecutionDoesNotExist(error.response, "DescribeExecution")
        status = "RUNNING" if arn in self.running else "ABORTED"
        detail = {"attempt": self.running[arn]} if self.running.get(arn, 1) > 1 else {}
        return {
            "status": status,
            "input": json.dumps({"detail": detail}),
            "startDate": datetime(2020, 11, 5, 12, 35, tzinfo=UTC),
        }

    def start_execution(self, **parameters: Any) -> dict[str, Any]:
        """Start an execution; while it runs, the same name and input return the same execution."""
        check("stepfunctions", "StartExecution", parameters)
        machine = parameters["stateMachineArn"].replace(":stateMachine:", ":execution:")
        arn = f"{machine}:{parameters['name']}"
        known = self.executions.get(arn)
        if known and (known["status"] != "RUNNING" or known["input"] != parameters["input"]):
            error = client_error("ExecutionAlreadyExists", 400)
            raise ExecutionAlreadyExists(error.response, "StartExecution")
        self.put(arn, "RUNNING", parameters["input"])
        return {"executionArn": arn}

    def put(self, arn: str, status: str, input_: str = "{}") -> None:
        """Add an execution."""
        self.executions[arn] = {
            "executionArn": arn,
            "status": status,
            "startDate": datetime(2020, 11, 5, 12, 35, tzinfo=UTC),
            "input": input_,
        }


@dataclass
class FakeLambda:
    """Stores asynchronous invocations."""

    calls: list[Mapping[str, Any]] = field(default_factory=list)

    def invoke(self, **parameters: Any) -> dict[str, Any]:
        """Store an invocation."""
        check("lambda", "Invoke", parameters)
        assert parameters["InvocationType"] == "Event"
        self.calls.append(parameters)
        return {"StatusCode": 202}


@dataclass
class FakeFolders:
    """The upload bucket: the modification time of each object, by key."""

    modified: dict[str, float] = field(default_factory=dict)
    calls: int = 0

    def list_objects_v2(self, **parameters: Any) -> dict[str, Any]:
        """Return the keys directly below a prefix, or all keys below it."""
        check("s3", "ListObjectsV2", parameters)
        self.calls += 1
        prefix, delimiter = parameters["Prefix"], parameters.get("Delimiter")
        below = sorted(key for key in self.modified if key.startswith(prefix))
        folders = {
            prefix + key.removeprefix(prefix).split(delimiter)[0] + delimiter
            for key in below
            if delimiter and delimiter in key.removeprefix(prefix)
        }
        direct = [key for key in below if not any(key.startswith(each) for each in folders)]
        return {
            "CommonPrefixes": [{"Prefix": each} for each in sorted(folders)],
            "Contents": [
                {"Key": key, "LastModified": datetime.fromtimestamp(self.modified[key], UTC)}
                for key in direct
            ],
        }
