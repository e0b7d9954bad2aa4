"""Running and ended reconciliations from Step Functions, newest first, and their outcomes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3

from handlers.core.errors import MalformedEventError
from handlers.core.events import ManifestUpload
from handlers.core.naming import SetFolder
from handlers.core.outcome import outcome_id
from operations import register
from operations.vault import Vault

RUNNING = "RUNNING"
LATEST_EVENTS = 25
"""The number of last events in a history that are searched for the machine's data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The progress of a running execution."""

    iteration: int
    count: int
    state: str
    waits_for: str | None
    """The key at which the last check stopped."""
    offset: int
    """The byte of the manifest at which the last check stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One run of the state machine."""

    arn: str
    status: str
    """Step Functions' status; RUNNING while it has not ended."""
    started: int
    stopped: int | None
    manifest: ManifestUpload
    outcome_id: str | None
    """The output of Notify, if the execution ended with it."""

    @property
    def running(self) -> bool:
        """Whether Step Functions has not ended it."""
        return self.status == RUNNING


class Executions:
    """Executions of one environment's state machine; an ended one is described only once."""

    def __init__(self, vault: Vault) -> None:
        self._machine = vault.state_machine_arn
        self._ended: dict[str, Execution | None] = {}

    @cached_property
    def _states(self) -> Any:
        return boto3.client("stepfunctions")

    def newest(self, status: str = "", *, limit: int) -> Iterator[Execution]:
        """Yield at most *limit* executions, the last started first, without those for no manifest.

        Step Functions lists an execution by the time at which it ended, if it has ended.
        """
        request: dict[str, Any] = {"stateMachineArn": self._machine}
        if status:
            request["statusFilter"] = status
        pages = self._states.get_paginator("list_executions").paginate(
            **request, PaginationConfig={"MaxItems": limit, "PageSize": min(limit, 1_000)}
        )
        listed = [each for page in pages for each in page["executions"]]
        for each in sorted(listed, key=lambda each: each["startDate"], reverse=True):
            execution = self.describe(each["executionArn"])
            if execution is not None:
                yield execution

    def started_since(self, seconds: float) -> Iterator[str]:
        """Yield the ARNs of the executions that started at *seconds* of Unix time or later."""
        pages = self._states.get_paginator("list_executions").paginate(
            stateMachineArn=self._machine
        )
        for page in pages:
            for each in page["executions"]:
                if each["startDate"].timestamp() >= seconds:
                    yield each["executionArn"]
                elif each.get("stopDate", each["startDate"]).timestamp() < seconds:
                    return  # they are listed by the time of their end, if they have ended

    def of_set(
        self, set_id: str, folder: str, status: str = "", *, limit: int = 500
    ) -> Iterator[Execution]:
        """Yield a dataset's executions among the newest *limit*, newest first."""
        for each in self.newest(status, limit=limit):
            if each.manifest.set_id == set_id and each.manifest.upload.key.startswith(folder):
                yield each

    def describe(self, arn: str) -> Execution | None:
        """Return an execution, or None if its input is not a manifest's event."""
        if arn in self._ended:
            return self._ended[arn]
        answer = self._states.describe_execution(executionArn=arn)
        try:
            manifest = ManifestUpload.from_detail(_mapping(answer.get("input"))["detail"])
        except (MalformedEventError, KeyError, TypeError):
            self._ended[arn] = None
            return None
        notified = _path(_mapping(answer.get("output")), "notify", "Payload")
        stopped = answer.get("stopDate")
        execution = Execution(
            arn=arn,
            status=answer["status"],
            started=int(answer["startDate"].timestamp()),
            stopped=int(stopped.timestamp()) if stopped else None,
            manifest=manifest,
            outcome_id=notified.get("outcomeId"),
        )
        if not execution.running:
            self._ended[arn] = execution
        return execution

    def position(self, execution: Execution) -> Position | None:
        """Return the progress of a running execution; None before its first state's data are known."""
        answer = self._states.get_execution_history(
            executionArn=execution.arn, reverseOrder=True, maxResults=LATEST_EVENTS
        )
        entered = [
            each["stateEnteredEventDetails"]
            for each in answer["events"]
            if "stateEnteredEventDetails" in each
        ]
        for each in entered:
            data = _mapping(each.get("input"))
            iterator = _path(data, "iterator", "Payload")
            if "ticker" in iterator:
                progress = _path(data, "reconcilecheck", "Payload", "progress")
                finding = progress.get("finding") or progress.get("difference") or {}
                return Position(
                    iteration=int(iterator["ticker"]),
                    count=int(iterator["count"]),
                    state=entered[0]["name"],
                    waits_for=finding.get("key"),
                    offset=int(progress.get("offset") or 0),
                )
        return None


def outcome(vault: Vault, execution: Execution) -> dict[str, Any] | None:
    """Return an execution's outcome as it was published; None while it runs, or if it has expired."""
    if execution.running:
        return None
    if execution.outcome_id is None:
        return _outcome_of_register(vault, execution.manifest)
    return _stored(vault, execution.outcome_id)


def _outcome_of_register(vault: Vault, manifest: ManifestUpload) -> dict[str, Any] | None:
    """Return the outcome of an execution that ended without its Notify state, for instance by hand.

    The set's row in the register names the newest outcome. If a later attempt decided it, it contains
    the manifest's version, from which the id of the wanted outcome follows.
    """
    folder = SetFolder.of_manifest(manifest.upload.key).prefix
    row = register.rows(vault, [folder]).get(folder)
    newest = _stored(vault, row.outcome_id) if row and row.outcome_id else None
    if newest is None or newest["event-time"] != manifest.upload.event_time:
        return None
    if newest["attempt"] == manifest.attempt:
        return newest
    return _stored(vault, outcome_id(manifest, newest["manifest-version-id"]))


def _stored(vault: Vault, id_: str) -> dict[str, Any] | None:
    answer = boto3.client("dynamodb").get_item(
        TableName=vault.outcome_table_name, Key={"id": {"S": id_}}, ConsistentRead=True
    )
    item = answer.get("Item", {})
    return _mapping(item["detail"]["S"]) if "detail" in item else None


def _mapping(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _path(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the JSON object at a path, or an empty one."""
    found: Any = value
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, dict) else {}
