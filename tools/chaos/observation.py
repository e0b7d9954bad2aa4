"""Read the contents of a deployed system and its outcomes, as an operator and a consumer do."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from local.deployed_system import EVENT_PROCESSING, DeployedSystem
from local.outcomes import OutcomeSubscription

QUEUES = ("uploadQueueUrl", "recordQueueUrl")
DEAD_LETTERS = ("uploadDeadLetterQueueUrl", "recordDeadLetterQueueUrl", "undeliveredQueueUrl")
HELD = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
PASSED_SECONDS = 7_200
"""Longer than the time that the sweep waits before it checks an execution."""


class Observation:
    """Queries a system directly, without faults."""

    def __init__(self, system: DeployedSystem, outcomes: OutcomeSubscription) -> None:
        self.system = system
        self.outputs = system.deployment().outputs(EVENT_PROCESSING)
        self.states = system.client("stepfunctions")
        self._outcomes = outcomes
        self._dynamodb = system.client("dynamodb")
        self._received: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def outcomes(self) -> dict[str, list[dict[str, Any]]]:
        """Return the details of all outcomes so far, by set."""
        while event := self._outcomes.receive():
            self._received[event["detail"]["set-id"]].append(event["detail"])
        return self._received

    def rows(self, sets: Iterable[str]) -> dict[str, dict[str, int]]:
        """Return the size in each row of the event table, by set and key."""
        pages = self._dynamodb.get_paginator("query")
        return {
            set_id: {
                item["objectKey"]["S"]: int(item["objectSize"]["N"])
                for page in pages.paginate(
                    TableName=self.system.table,
                    KeyConditionExpression="setId = :set",
                    ExpressionAttributeValues={":set": {"S": set_id}},
                )
                for item in page["Items"]
            }
            for set_id in sets
        }

    def waiting(self) -> int:
        """Return the number of messages in the functions' queues."""
        return sum(self._messages(self.outputs[name]) for name in QUEUES)

    def dead_letters(self) -> int:
        """Return the number of dead letters."""
        return sum(self._messages(self.outputs[name]) for name in DEAD_LETTERS)

    def running(self) -> list[str]:
        """Return the running executions."""
        pages = self.states.get_paginator("list_executions").paginate(
            stateMachineArn=self.system.state_machine_arn, statusFilter="RUNNING"
        )
        return [each["executionArn"] for page in pages for each in page["executions"]]

    def sweep(self) -> None:
        """Invoke the sweep as if two hours had passed, because its schedule is too slow for a run."""
        table = self.outputs["setTableName"]
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=table, FilterExpression="attribute_exists(due)"
        )
        for item in (item for page in pages for item in page["Items"]):
            past = [name for name in ("manifestRecorded", "checkedAt") if name in item]
            earlier = [f"{name} = {name} - :passed" for name in past]
            passed = {":passed": {"N": str(PASSED_SECONDS)}} if past else {}
            self._dynamodb.update_item(
                TableName=table,
                Key={"folder": item["folder"]},
                UpdateExpression=f"SET {', '.join(['dueAt = :now', *earlier])}",
                ExpressionAttributeValues={":now": {"N": str(int(time.time()))}, **passed},
            )
        self.system.client("lambda").invoke(
            FunctionName=f"vault-{self.system.environment}-sweep-sets", Payload=b"{}"
        )

    def _messages(self, queue_url: str) -> int:
        found = self.system.client("sqs").get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=list(HELD)
        )
        return sum(int(found["Attributes"][name]) for name in HELD)
