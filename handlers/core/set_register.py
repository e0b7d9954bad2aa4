"""The register of sets: the state of each set's folder, and the time when it is due.

The register has a row for each folder, and one for each execution without an outcome. The record,
check and notify functions each add their data; only the sweep makes decisions from it, so the order
of their writes does not matter.

A set is in flight until its newest manifest has an outcome. A file that is not newer than the outcome
belongs to the delivery that has ended: its event does not change the row, even if it is recorded late.
A newer file after *Successful* belongs to the next delivery: the row becomes due, so that the sweep
finds an overdue manifest. The next manifest puts the set in flight again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Self

from handlers.core.errors import MalformedEventError, RegisterRowError
from handlers.core.events import DataUploads, ManifestUpload

START_AFTER_SECONDS = 15 * 60
"""If no check runs within this time after a manifest was recorded, its execution did not start."""
REST_SECONDS = 3_600
"""The interval at which the sweep checks whether an execution is still running."""
MOST_SECONDS_BETWEEN_DECISIONS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Data files of one set that arrived together."""

    folder: str
    set_id: str
    bucket: str
    first: int
    """The times of the first and the last upload, in Unix seconds."""
    last: int


def arrivals(received: Iterable[DataUploads], *, job_dir_suffix: str) -> list[Arrival]:
    """Return one arrival for each set's folder that has uploads."""
    times: dict[tuple[str, str, str], list[int]] = {}
    for uploads in received:
        name = f"{uploads.set_id}{job_dir_suffix}"
        for upload in uploads.uploads:
            before, found, _ = f"/{upload.key}/".partition(f"/{name}/")
            if found:
                folder = f"{before}{found}".removeprefix("/")
                key = folder, uploads.set_id, upload.bucket
                times.setdefault(key, []).append(upload.event_time)
    return [
        Arrival(folder=folder, set_id=set_id, bucket=bucket, first=min(each), last=max(each))
        for (folder, set_id, bucket), each in times.items()
    ]


@contextmanager
def reading(item: Mapping[str, Any]) -> Iterator[None]:
    """Raise RegisterRowError with the key of the row *item* if it cannot be read."""
    try:
        yield
    except (
        AttributeError,
        KeyError,
        MalformedEventError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise RegisterRowError(
            f"The register's row {item['folder']['S']!r} cannot be read,"
            f" {type(error).__name__}: {error}. Correct or delete it:"
            " see 'A row is not swept' in docs/operations.md"
        ) from error


class Step(Enum):
    """The sweep's action for a set that is due."""

    NOTHING = auto()
    """Nothing is due before the next upload."""
    WAIT = auto()
    ANNOUNCE_OVERDUE = auto()
    START = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The action, and the time when the set is due again."""

    step: Step
    again_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRow:
    """A set's row; times are Unix seconds."""

    folder: str
    """The S3 prefix of its keys, with a slash at its end."""
    set_id: str
    bucket: str
    first_arrival: int | None = None
    """The first arrival of the delivery that has no outcome yet."""
    last_arrival: int | None = None
    manifest: ManifestUpload | None = None
    manifest_recorded: int = 0
    executions: frozenset[str] = frozenset()
    outcome: str | None = None
    concluded_at: int = 0
    overdue_at: int | None = None
    """The time at which its manifest was announced as overdue."""
    due_at: int | None = None
    """The time at which the sweep checks it."""

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read a row in DynamoDB's format, or raise RegisterRowError."""

        def number(name: str) -> int | None:
            return int(item[name]["N"]) if name in item else None

        with reading(item):
            manifest = item.get("manifest")
            return cls(
                folder=item["folder"]["S"],
                set_id=item["setId"]["S"],
                bucket=item["bucketName"]["S"],
                first_arrival=number("firstArrival"),
                last_arrival=number("lastArrival"),
                manifest=_manifest(manifest) if manifest else None,
                manifest_recorded=number("manifestRecorded") or 0,
                executions=frozenset(item.get("executions", {}).get("SS", [])),
                outcome=item["outcome"]["S"] if "outcome" in item else None,
                concluded_at=number("concludedAt") or 0,
                overdue_at=number("overdueAt"),
                due_at=number("dueAt"),
            )

    @property
    def awaits_manifest(self) -> bool:
        """True if data has arrived that has no manifest yet.

        After *Timed out* and *Failed*, late files are expected; after *Successful*, they are a new
        delivery.
        """
        if self.first_arrival is None or self.overdue_at is not None:
            return False
        if self.manifest is None:
            return True
        return self.outcome == "Successful" and (self.last_arrival or 0) > self.concluded_at

    def due(self, now: int, *, manifest_due_seconds: int) -> Due:
        """Return the action that is due at *now*."""
        if self.awaits_manifest:
            at = (self.last_arrival or 0) + manifest_due_seconds
            return Due(step=Step.WAIT, again_at=at) if at > now else Due(step=Step.ANNOUNCE_OVERDUE)
        if self.manifest is None or self.outcome is not None or self.executions:
            return Due(step=Step.NOTHING)  # each execution has a row of its own
        at = self.manifest_recorded + START_AFTER_SECONDS
        if at > now:
            return Due(step=Step.WAIT, again_at=at)
        return Due(step=Step.START, again_at=now + START_AFTER_SECONDS)

    def execution_name(self) -> str:
        """Return the name of the execution that the sweep starts: the same at each call."""
        if self.manifest is None:
            raise ValueError(f"{self.folder} has no manifest")
        upload = self.manifest.upload
        digest = _digest(upload.bucket, upload.key, upload.event_time, self.manifest.attempt)
        return f"sweep-{digest[:40]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenExecution:
    """The row of an execution without an outcome."""

    arn: str
    manifest: ManifestUpload
    decisions: int = 0
    """The number of times that the sweep has invoked Notify for it."""

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read a row in DynamoDB's format, or raise RegisterRowError."""
        with reading(item):
            return cls(
                arn=item["folder"]["S"],
                manifest=_manifest(item["manifest"]),
                decisions=int(item.get("decisions", {"N": "0"})["N"]),
            )

    def decided_again_at(self, now: int) -> int:
        """Return when Notify is next invoked if no outcome follows: each pause is twice as long."""
        pause_seconds = START_AFTER_SECONDS << min(self.decisions, 16)
        return now + min(pause_seconds, MOST_SECONDS_BETWEEN_DECISIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestOverdue:
    """*Dataset Manifest Overdue*: data has arrived, but its manifest is late."""

    row: SetRow
    near_misses: tuple[str, ...]
    """Keys with almost the manifest's name, or with its exact name if only its event is missing."""

    def detail(self) -> dict[str, Any]:
        """Return the event's detail; a repeat has the same id."""
        return {
            "overdue-id": _digest(self.row.bucket, self.row.folder, self.row.first_arrival),
            "set-id": self.row.set_id,
            "bucket-name": self.row.bucket,
            "set-folder": self.row.folder,
            "first-arrival": self.row.first_arrival,
            "last-arrival": self.row.last_arrival,
            "near-misses": list(self.near_misses),
        }


def _manifest(attribute: Mapping[str, str]) -> ManifestUpload:
    return ManifestUpload.from_detail(json.loads(attribute["S"]))


def _digest(*identity: str | int | None) -> str:
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()
