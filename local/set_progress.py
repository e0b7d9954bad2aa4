"""The progress of a set: uploaded to the bucket, recorded in the table, reconciled by an execution."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from local.deployed_system import DeployedSystem
from local.outcomes import Event


@dataclass(frozen=True, slots=True)
class SetProgress:
    """The state of a set in three services at one moment."""

    uploaded: int
    recorded: int
    iterations: int
    state: str
    """The current state of the execution, or an empty text before it begins."""
    stands_at: str = ""
    """The key at which the last check stopped, or an empty text."""


class ProgressReader:
    """Reads the progress of one set from S3, DynamoDB and Step Functions.

    Its manifest was written at the time *since*. Executions for earlier uploads are not shown.
    """

    def __init__(self, system: DeployedSystem, set_id: str, *, since: float) -> None:
        self._system = system
        self._set_id = set_id
        self._folder = f"{system.job_folder(set_id)}/"
        self._since = int(since)  # events have whole seconds
        self._execution: str | None = None
        self._strangers: set[str] = set()

    def read(self) -> SetProgress:
        """Return the progress now."""
        iterations, state = self._reconciled()
        stands_at = self.stands_at() if state else ""  # before, it is that of an earlier delivery
        return SetProgress(self._uploaded(), self._recorded(), iterations, state, stands_at)

    def is_of_this_delivery(self, detail: Event) -> bool:
        """Return whether an event for the manifest, or its outcome, is of this upload or a later one."""
        return int(detail["event-time"]) >= self._since

    def stands_at(self) -> str:
        """Return the key at which the set's last check stopped, as the register has it, or ''."""
        row = register_row(self._system, self._set_id)
        return str(row.get("standsAt", {"S": ""})["S"])

    def _uploaded(self) -> int:
        pages = self._system.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self._system.bucket, Prefix=self._folder)
        keys = (item["Key"] for page in found for item in page.get("Contents", []))
        return sum(key != self._folder for key in keys)

    def _recorded(self) -> int:
        pages = self._system.client("dynamodb").get_paginator("query")
        found = pages.paginate(
            TableName=self._system.table,
            KeyConditionExpression="setId = :set AND begins_with(objectKey, :folder)",
            ExpressionAttributeValues={":set": {"S": self._set_id}, ":folder": {"S": self._folder}},
            Select="COUNT",
        )
        return sum(page["Count"] for page in found)

    def _reconciled(self) -> tuple[int, str]:
        states = self._system.client("stepfunctions")
        self._execution = self._execution or self._find_execution(states)
        if self._execution is None:
            return 0, ""
        pages = states.get_paginator("get_execution_history").paginate(executionArn=self._execution)
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for page in pages
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]
        return entered.count("Reconcile Iterator"), entered[-1] if entered else ""

    def _find_execution(self, states: Any) -> str | None:
        """Return the execution of this manifest, or None; each other one is described only once."""
        listed = states.list_executions(stateMachineArn=self._system.state_machine_arn)[
            "executions"
        ]
        for arn in (item["executionArn"] for item in listed):
            if arn not in self._strangers:
                described = states.describe_execution(executionArn=arn)
                detail = json.loads(described.get("input", "{}")).get("detail", {})
                is_of_set = detail.get("object-key", "").startswith(self._folder)
                if is_of_set and self.is_of_this_delivery(detail):
                    return str(arn)
                self._strangers.add(arn)
        return None


def register_row(system: DeployedSystem, set_id: str) -> dict[str, Any]:
    """Return the set's row in the register, in DynamoDB's format; it is empty if there is none."""
    answer = system.client("dynamodb").get_item(
        TableName=system.set_table, Key={"folder": {"S": f"{system.job_folder(set_id)}/"}}
    )
    row: dict[str, Any] = answer.get("Item", {})
    return row
