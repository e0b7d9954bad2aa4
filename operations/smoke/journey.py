"""A dataset's way through the environment, and the latency of each hop.

Import this module only after the AWS endpoint is chosen: the import of the handlers' adapters
creates their clients.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import boto3

from handlers.aws.outcome_store import OutcomeStore
from handlers.core.events import ManifestUpload, ObjectUpload
from handlers.core.outcome import outcome_id
from operations.announce import A_CALL, announce
from operations.attempts import start
from operations.errors import OperatorError
from operations.executions import Execution, Executions, outcome
from operations.safe_text import shown
from operations.smoke.dataset import SmokeSet
from operations.smoke.removal import row_keys
from operations.vault import Vault

T = TypeVar("T")
LOOK_SECONDS = 0.5
ITERATIONS = 2
"""The lowest number that the iterator accepts: one check, and the last look."""
CLOCK_SECONDS = 120
"""The largest accepted difference between this machine's clock and that of Step Functions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One step of a dataset, and its duration."""

    set_id: str | None
    """None if the step belongs to no dataset."""
    name: str
    seconds: float
    seen: str

    def wire(self) -> dict[str, Any]:
        """Return the hop in the form that ``--json`` prints."""
        return {
            "setId": self.set_id,
            "hop": self.name,
            "seconds": round(self.seconds, 2),
            "seen": self.seen,
        }


OnHop = Callable[[Hop], None]


@dataclass
class Journey:
    """A dataset that passes through the environment."""

    vault: Vault
    smoke_set: SmokeSet
    patience_seconds: float
    on_hop: OnHop
    execution: Execution | None = None
    is_due: bool = False
    """True after an action that starts an execution."""
    _uploads: dict[str, ObjectUpload] = field(default_factory=dict)
    _announced: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._s3: Any = boto3.client("s3")
        self._executions = Executions(self.vault)

    def bring(self) -> None:
        """Write the dataset, announce its objects, and wait until all are recorded."""
        began = time.monotonic()
        for key, body in self.smoke_set.objects.items():
            self._put(key, body)
        self._hop("S3 write", began, f"{len(self._uploads)} objects")
        began = time.monotonic()
        uploads = list(self._uploads.values())
        for first in range(0, len(uploads), A_CALL):
            self._announce(uploads[first : first + A_CALL])
        self._hop("queue", began, f"{len(uploads)} announcements taken")
        began = time.monotonic()
        self.wait_for_rows(self.patience_seconds)
        self._hop("rows recorded", began, f"{len(uploads)} rows")

    def wait_for_rows(self, seconds: float) -> None:
        """Wait until each object that was announced has a row.

        Raises:
            OperatorError: An object has no row.
        """
        dynamodb = boto3.client("dynamodb")

        def missing() -> set[str]:
            return self._announced - row_keys(dynamodb, self.vault, self.smoke_set.set_id)

        if not eventually(lambda: not missing(), seconds):
            raise OperatorError(
                f"No row of {shown(min(missing()))} within {seconds:g} s: 'sgvault dead-letters"
                " list' and the log groups of the functions classify-upload and record-upload"
                " have the reason."
            )

    def announce_manifest(self) -> None:
        """Write and announce the manifest, and wait for the execution that its event starts."""
        manifest = self._write_manifest()
        began = time.monotonic()
        self.is_due = True
        self._announce([manifest.upload])
        self.execution = self.find_execution(self.patience_seconds)
        self._hop("execution started", began, _name(self.execution))

    def start_itself(self) -> None:
        """Write the manifest, and start the execution with two iterations."""
        manifest = self._write_manifest()
        began = time.monotonic()
        self.is_due = True
        arn = start(self.vault.state_machine_arn, manifest, max_iterations=ITERATIONS)
        self.execution = self._executions.describe(arn)
        self._hop("execution started", began, f"{_name(self.execution)}, by this command")

    def find_execution(self, seconds: float) -> Execution:
        """Return the execution of this dataset.

        Raises:
            OperatorError: No execution has started.
        """
        since = time.time() - CLOCK_SECONDS - seconds
        others: set[str] = set()

        def started() -> Execution | None:
            for arn in self._executions.started_since(since):
                found = None if arn in others else self._executions.describe(arn)
                if found and found.manifest.set_id == self.smoke_set.set_id:
                    return found
                others.add(arn)
            return None

        found = eventually(started, seconds)
        if found is None:
            raise OperatorError(
                f"No execution for {shown(self.smoke_set.manifest_key)} within {seconds:g} s:"
                " 'sgvault dead-letters list' shows what EventBridge could not deliver."
            )
        return found

    def end(self) -> dict[str, Any]:
        """Wait for the outcome, and return the published outcome.

        Raises:
            OperatorError: The execution did not end in time, or published no outcome.
        """
        began, arn = time.monotonic(), self.execution.arn if self.execution else ""
        seconds = self.patience_seconds + 2 * self.vault.reconcile_wait_iterations

        def ended() -> Execution | None:
            now = self._executions.describe(arn)
            return now if now and not now.running else None

        execution = eventually(ended, seconds)
        detail = outcome(self.vault, execution) if execution else None
        if detail is None:
            state = execution.status if execution else f"still running after {seconds:g} s"
            raise OperatorError(
                f"The execution {arn} is {state}, without an outcome: its history in Step"
                " Functions has the reason."
            )
        self.execution = execution
        self._hop("outcome", began, f"{detail['status']}: {detail['reason']}")
        return detail

    def settle(self, seconds: float) -> None:
        """Stop the execution, and wait until nothing writes any more.

        Raises:
            OperatorError: An expected write did not happen in time.
        """
        if self._announced:
            self.wait_for_rows(seconds)
        if not self.is_due:
            return
        execution = self.execution or self.find_execution(seconds)
        self.execution = execution = self._executions.describe(execution.arn) or execution
        if not execution.running:
            return
        boto3.client("stepfunctions").stop_execution(
            executionArn=execution.arn, error="SmokeTest", cause="The smoke test was interrupted"
        )
        outcomes = OutcomeStore(table=self.vault.outcome_table_name, expiry_days=1)

        def decided() -> bool:
            unpinned = str(execution.manifest.upload.event_time)
            versions = (outcomes.pinned(execution.arn) or unpinned, unpinned)
            return any(outcomes.is_decided(outcome_id(execution.manifest, v)) for v in versions)

        eventually(decided, seconds)

    def _write_manifest(self) -> ManifestUpload:
        key = self.smoke_set.manifest_key
        began = min(each.event_time for each in self._uploads.values())
        upload = self._put(key, self.smoke_set.manifest(began=began))
        return ManifestUpload(set_id=self.smoke_set.set_id, upload=upload)

    def _put(self, key: str, body: bytes) -> ObjectUpload:
        """Write an object, and keep its upload as a gateway would announce it."""
        bucket = self.vault.file_upload_bucket_name
        self._s3.put_object(Bucket=bucket, Key=key, Body=body)
        head = self._s3.head_object(Bucket=bucket, Key=key)
        upload = ObjectUpload(
            bucket=bucket,
            key=key.removesuffix("/"),
            size_bytes=len(body),
            event_time=int(head["LastModified"].timestamp()),
        )
        if key != self.smoke_set.manifest_key:
            self._uploads[upload.key] = upload
        return upload

    def _announce(self, uploads: list[ObjectUpload]) -> None:
        self._announced |= {each.key for each in uploads}
        announce(self.vault.upload_queue_url, uploads, reason="smoke")

    def _hop(self, name: str, began: float, seen: str) -> None:
        seconds = time.monotonic() - began
        self.on_hop(Hop(set_id=self.smoke_set.set_id, name=name, seconds=seconds, seen=shown(seen)))


def eventually(look: Callable[[], T], seconds: float) -> T:
    """Return the result of *look* as soon as it is true, or else its last result."""
    end = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(LOOK_SECONDS)
    return seen


def _name(execution: Execution | None) -> str:
    return execution.arn.rpartition(":")[2] if execution else "unknown"
