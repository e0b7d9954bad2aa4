"""The progress of a set is that of its present manifest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.deployed_system import DeployedSystem
from local.set_progress import ProgressReader, SetProgress

WRITTEN = 1_795_523_700.9
"""When the manifest was written into the share; events have whole seconds."""


STANDS_AT = "s-vaultjob/b"


class Account:
    """Executions with their inputs, by ARN, and a check that stopped; nothing is uploaded or recorded."""

    def __init__(self, **executions: dict[str, Any]) -> None:
        self.executions = executions
        self.described: list[str] = []

    def list_executions(self, **_: Any) -> dict[str, Any]:
        return {"executions": [{"executionArn": arn} for arn in self.executions]}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        self.described.append(executionArn)
        return {"input": json.dumps({"detail": self.executions[executionArn]})}

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {"Item": {"standsAt": {"S": STANDS_AT}}}

    def get_paginator(self, operation: str) -> Any:
        class Pages:
            def paginate(self, **_: Any) -> list[dict[str, Any]]:
                entered = [{"stateEnteredEventDetails": {"name": "Reconcile Iterator"}}]
                return [{"events": entered}] if operation == "get_execution_history" else []

        return Pages()


def event(time: int, set_id: str = "s") -> dict[str, Any]:
    return {"set-id": set_id, "object-key": f"{set_id}-vaultjob/s.manifest", "event-time": time}


@pytest.mark.parametrize(
    ("executions", "iterations"),
    [
        ({}, 0),
        ({"previous": event(1_795_523_699)}, 0),
        ({"previous": event(1_795_523_699), "present": event(1_795_523_700)}, 1),
        ({"another": event(1_795_523_800, "t")}, 0),
    ],
)
def test_only_an_execution_of_the_present_manifest_is_shown(
    monkeypatch: pytest.MonkeyPatch, executions: dict[str, Any], iterations: int
) -> None:
    """Each execution is described once. The last check may be that of an earlier manifest."""
    account = Account(**executions)
    values = dict.fromkeys(DeployedSystem.__dataclass_fields__, "word") | {
        "job_dir_suffix": "-vaultjob"
    }
    monkeypatch.setattr(DeployedSystem, "client", lambda self, service: account)
    reader = ProgressReader(DeployedSystem(**values), "s", since=WRITTEN)  # type: ignore[arg-type]
    shown = ("Reconcile Iterator", STANDS_AT) if iterations else ("", "")
    expected = SetProgress(0, 0, iterations, *shown)
    assert [reader.read(), reader.read()] == [expected, expected]
    assert account.described == list(executions)
