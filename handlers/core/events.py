"""The events that this application reads and publishes, as frozen values.

Names in events are contracts and keep the spelling of AWS or the workshop. Python names describe a
field and have its unit. Each class both reads and writes its event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from handlers.core import json_fields
from handlers.core.errors import MalformedEventError

SOURCE = "vault.application"
DATA_UPLOADED = "Data File Upload Event"
MANIFEST_UPLOADED = "Manifest File Upload Event"
MANIFEST_OVERDUE = "Dataset Manifest Overdue"
UPLOAD_COMPLETE = "object-upload-complete"
OBJECT_ANNOUNCED = "Object Announced"
OPERATIONS_SOURCE = "vault.operations"
ANNOUNCEMENTS = (
    ("aws.storagegateway", "Storage Gateway Object Upload Event"),
    (OPERATIONS_SOURCE, OBJECT_ANNOUNCED),
)
"""Sources and detail types: a gateway's event, and an operator's message with the same fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectUpload:
    """One object is completely in S3.

    As a *Storage Gateway Object Upload Event*:
    https://docs.aws.amazon.com/filegateway/latest/files3/monitoring-file-gateway.html
    """

    bucket: str
    key: str
    """The full S3 key: UTF-8, at most 1,024 bytes, without a folder's trailing slash."""
    size_bytes: int
    event_time: int
    """The time of the announcement, in Unix seconds."""
    share_prefix: str = field(default="", compare=False)
    is_folder: bool = field(default=False, compare=False)
    """True if the event's key ends in a slash; a key without a slash and of size 0 may be a folder, too."""

    @property
    def recency(self) -> tuple[int, int]:
        """The order of a key's uploads, the newest greatest: by time, and within a second by size."""
        return self.event_time, self.size_bytes

    @classmethod
    def from_gateway_event(cls, event: Mapping[str, Any]) -> Self:
        """Read the envelope of either announcement, or raise MalformedEventError.

        AWS does not document whether ``object-key`` includes the share's ``prefix``. A key that
        begins with the prefix includes it; any other key gets the prefix in front.
        """
        detail = json_fields.mapping(event, "detail")
        announced = event.get("source"), event.get("detail-type")
        if announced not in ANNOUNCEMENTS:
            raise MalformedEventError(
                "'source' and 'detail-type' are {!r}, {!r}".format(*announced)
            )
        if detail.get("event-type", UPLOAD_COMPLETE) != UPLOAD_COMPLETE:
            raise MalformedEventError(f"'event-type' is {detail['event-type']!r}")
        without_prefix = "prefix" not in detail or detail["prefix"] in (None, "")
        prefix = "" if without_prefix else json_fields.text(detail, "prefix")
        key = json_fields.text(detail, "object-key")
        whole = key if key.startswith(prefix) else f"{prefix}{key}"
        return cls(
            bucket=json_fields.text(detail, "bucket-name"),
            key=json_fields.checked_text("object-key", whole.removesuffix("/")),
            size_bytes=json_fields.whole_number(detail, "object-size"),
            event_time=json_fields.unix_seconds(event, "time"),
            share_prefix=prefix,
            is_folder=key.endswith("/"),
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any], *, bucket: str) -> Self:
        """Read one record of this application's own events, or raise MalformedEventError."""
        return cls(
            bucket=bucket,
            key=json_fields.text(record, "object-key"),
            size_bytes=json_fields.whole_number(record, "object-size"),
            event_time=json_fields.whole_number(record, "event-time"),
        )

    def announcement(self, reason: str) -> dict[str, Any]:
        """Return this upload as an *Object Announced*, a message for the upload queue only.

        Its time is that of the upload, so that an object of an earlier delivery does not count as
        new.
        """
        return {
            "source": OPERATIONS_SOURCE,
            "detail-type": OBJECT_ANNOUNCED,
            "time": datetime.fromtimestamp(self.event_time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "detail": {
                "bucket-name": self.bucket,
                "object-key": self.key,
                "object-size": self.size_bytes,
                "prefix": self.share_prefix,
                "reason": reason,
            },
        }

    def record(self) -> dict[str, Any]:
        """Return this upload as one record of this application's own events."""
        return {
            "object-key": self.key,
            "object-size": self.size_bytes,
            "event-time": self.event_time,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DataUploads:
    """A *Data File Upload Event*: data files of one dataset."""

    set_id: str
    bucket: str
    uploads: Sequence[ObjectUpload]

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any]) -> Self:
        """Read the event's detail, or raise MalformedEventError."""
        bucket = json_fields.text(detail, "bucket-name")
        return cls(
            set_id=json_fields.text(detail, "set-id"),
            bucket=bucket,
            uploads=[
                ObjectUpload.from_record(record, bucket=bucket)
                for record in json_fields.sequence(detail, "objects")
            ],
        )

    def detail(self) -> dict[str, Any]:
        """Return the event's detail."""
        return {
            "set-id": self.set_id,
            "bucket-name": self.bucket,
            "objects": [upload.record() for upload in self.uploads],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestUpload:
    """A *Manifest File Upload Event*: it starts the reconciliation of its dataset."""

    set_id: str
    upload: ObjectUpload
    attempt: int = 1
    """Higher than 1 when an operator starts the reconciliation again."""

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any]) -> Self:
        """Read the event's detail, or raise MalformedEventError.

        The names of the folder and of the manifest must begin with the set id, so that an event of
        one set cannot name a manifest of another.
        """
        set_id, key = json_fields.text(detail, "set-id"), json_fields.text(detail, "object-key")
        *_, folder, name = ("", *key.split("/"))
        if not (folder.startswith(set_id) and name.startswith(set_id)):
            raise MalformedEventError(f"'object-key' is {key!r}, no manifest of the set {set_id!r}")
        return cls(
            set_id=set_id,
            upload=ObjectUpload.from_record(detail, bucket=json_fields.text(detail, "bucket-name")),
            attempt=json_fields.whole_number(detail, "attempt") if "attempt" in detail else 1,
        )

    def detail(self) -> dict[str, Any]:
        """Return the event's detail: the manifest's five fields, and ``attempt`` if it is 2 or more."""
        return {
            "set-id": self.set_id,
            "event-time": self.upload.event_time,
            "bucket-name": self.upload.bucket,
            "object-key": self.upload.key,
            "object-size": self.upload.size_bytes,
            **({"attempt": self.attempt} if self.attempt > 1 else {}),
        }
