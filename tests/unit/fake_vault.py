"""A deployed environment in which every announcement is recorded, and every manifest reconciled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from handlers.core.outcome import digest
from tests.unit.operator_account import PARAMETER, Account
from tests.unit.refusals import client_error

WRITTEN = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
MACHINE = PARAMETER["stateMachineArn"]
KEYS = {"vault-dev-sets": "folder", "outcomes": "id", "uploads": "objectKey"}
PATTERN = {"source": ["aws.storagegateway"], "detail": {"bucket-name": ["uploads-bucket"]}}

OPERATIONS = (
    *("PutObject", "HeadObject", "ListObjectVersions", "DeleteObjects", "SendMessageBatch"),
    *("Query", "GetItem", "DeleteItem", "DescribeRule", "TestEventPattern"),
    *("StartExecution", "ListExecutions", "DescribeExecution", "StopExecution"),
)


@dataclass
class FakeVault:
    """The stores and the executions of the environment."""

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """By bucket and key: each has one version, ``v1``."""
    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By table and key."""
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: bool = True
    """Whether an execution ends at once."""
    counted: dict[str, Any] = field(default_factory=dict)
    """Changed fields of an outcome."""

    def install(self, account: Account) -> None:
        """Answer a call to *account*."""
        for name in OPERATIONS:
            method = "".join(f"_{each.lower()}" if each.isupper() else each for each in name)
            account.answers[name] = getattr(self, method)

    def _put_object(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        self.objects[wanted["Bucket"], wanted["Key"]] = wanted["Body"]
        return {}

    def _head_object(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        assert (wanted["Bucket"], wanted["Key"]) in self.objects
        return {"LastModified": WRITTEN, "VersionId": "v1"}

    def _list_object_versions(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        found = [
            {"Key": key, "VersionId": "v1", "LastModified": WRITTEN}
            for bucket, key in self.objects
            if bucket == wanted["Bucket"] and key.startswith(wanted["Prefix"])
        ]
        return {"Versions": found} if found else {}

    def _delete_objects(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        for each in wanted["Delete"]["Objects"]:
            assert each["VersionId"] == "v1"
            del self.objects[wanted["Bucket"], each["Key"]]
        return {}

    def _send_message_batch(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        for entry in wanted["Entries"]:
            event = json.loads(entry["MessageBody"])
            key, folder = event["detail"]["object-key"], event["detail"]["object-key"].split("/")[0]
            self.items["uploads", key] = {"objectKey": {"S": key}, "setId": {"S": folder[:-9]}}
            self.items["vault-dev-sets", f"{folder}/"] = {"folder": {"S": f"{folder}/"}}
            if key.endswith(".manifest"):
                detail = {
                    "set-id": folder[:-9],
                    "event-time": int(WRITTEN.timestamp()),
                    **{name: event["detail"][name] for name in ("bucket-name", "object-key")},
                    "object-size": event["detail"]["object-size"],
                }
                self._begin({"detail": detail})
        return {"Successful": [], "Failed": []}

    def _start_execution(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        return {"executionArn": self._begin(json.loads(wanted["input"]))}

    def _begin(self, event: dict[str, Any]) -> str:
        arn = f"{MACHINE.replace('stateMachine', 'execution')}:{len(self.executions)}"
        self.executions[arn] = {
            "executionArn": arn,
            "status": "RUNNING",
            "startDate": datetime.now(UTC),
            "input": json.dumps(event),
        }
        self.items["outcomes", f"pin#{arn}"] = {"manifestVersionId": {"S": "v1"}}
        detail = event["detail"]
        of = digest(detail["bucket-name"], detail["object-key"], detail["event-time"])
        self.items["outcomes", f"executions#{of}"] = {"executions": {"SS": [arn]}}
        if self.runs:
            self._end(arn, "SUCCEEDED")
        return arn

    def _end(self, arn: str, state: str) -> None:
        execution = self.executions[arn]
        detail = json.loads(execution["input"])["detail"]
        bucket, manifest = detail["bucket-name"], detail["object-key"]
        lines = self.objects[bucket, manifest].decode().split("\n")
        listed = [line.split(" ", 1)[1] for line in lines[1:-1]]
        missing = [key for key in listed if ("uploads", key) not in self.items]
        whole = {
            **detail,
            "status": "Timed out" if missing else "Successful",
            "reason": "As it is",
            "files": len(listed),
            "found": len(listed) - len(missing),
            "missing": len(missing),
            "unexpected": 0,
            "examples": [{"type": "missing", "key": key} for key in missing],
            **self.counted,
        }
        id_ = digest(bucket, manifest, "v1", 1)
        self.items["outcomes", id_] = {"id": {"S": id_}, "detail": {"S": json.dumps(whole)}}
        self.objects["reports", f"reports/{detail['set-id']}/{arn[-1]}/summary.json"] = b"{}"
        execution |= {
            "status": state,
            "stopDate": datetime.now(UTC),
            "output": json.dumps({"notify": {"Payload": {"outcomeId": id_}}}),
        }

    def _stop_execution(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        self._end(wanted["executionArn"], "ABORTED")
        return {}

    def _list_executions(self, *_: Any) -> Any:
        return {"executions": list(reversed(self.executions.values()))}

    def _describe_execution(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        return self.executions[wanted["executionArn"]]

    def _query(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        set_id = wanted["ExpressionAttributeValues"][":set"]
        rows = [item for (table, _), item in self.items.items() if table == "uploads"]
        return {"Items": [row for row in rows if row["setId"] == set_id]}

    def _get_item(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        item = self.items.get((wanted["TableName"], wanted["Key"]["id"]["S"]))
        return {"Item": item} if item else {}

    def _delete_item(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        table = wanted["TableName"]
        item = self.items.pop((table, wanted["Key"][KEYS[table]]["S"]), None)
        return {"Attributes": item} if item else {}

    def _describe_rule(self, *_: Any) -> Any:
        return {"State": "ENABLED", "EventPattern": json.dumps(PATTERN)}

    def _test_event_pattern(self, _: Account, wanted: Mapping[str, Any]) -> Any:
        pattern, event = json.loads(wanted["EventPattern"]), json.loads(wanted["Event"])
        same_bucket = event["detail"]["bucket-name"] in pattern["detail"]["bucket-name"]
        return {"Result": same_bucket and event["source"] in pattern["source"]}

    def refuse(self, account: Account, operation: str) -> None:
        """Refuse every call of *operation*."""

        def refused(*_: Any) -> Any:
            raise client_error("AccessDenied", 403, "not you")

        account.answers[operation] = refused
