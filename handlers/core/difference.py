"""The difference of one key, with its type, and the remark on one key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from handlers.core import json_fields


class DifferenceType(StrEnum):
    """The type of a difference; a key has one type, the first that applies."""

    MISSING = "missing"
    """Listed, not announced."""
    ABSENT = "absent"
    """Listed and announced, not in S3."""
    SIZE_MISMATCH = "size-mismatch"
    """The object's size is not the listed size."""
    CHECKSUM_MISMATCH = "checksum-mismatch"
    """The object's content is not the listed content; a second comparison confirms it."""
    UNEXPECTED = "unexpected"
    """Announced and in S3, not listed."""


class RemarkType(StrEnum):
    """The type of a remark on a key that is not a difference; outcomes count it, reports list it."""

    VANISHED = "vanished"
    """Announced, neither listed nor in S3: a temporary or a renamed file."""
    IGNORED = "ignored"
    """Announced and in S3, not listed, under a name that the settings ignore."""
    UNLISTED_FOLDER = "unlisted-folder"
    """Announced, not listed, and a folder in S3."""
    UNANNOUNCED = "unannounced"
    """In S3, neither listed nor announced."""
    UNVERIFIED = "unverified"
    """Listed, but its checksum cannot be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One key that is not a difference, but has a line in the report."""

    key: str
    type: RemarkType
    reason: str | None = None
    """For an unverified object, the reason why its checksum cannot be compared."""

    def report_line(self) -> dict[str, Any]:
        """Return the remark as reports show it."""
        reason = {} if self.reason is None else {"reason": self.reason}
        return {"type": self.type.value, "key": self.key, **reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key that differs."""

    key: str
    type: DifferenceType
    in_s3: bool | None = None
    """For a missing key, True if S3 has it, so that only its event was lost or is late."""
    listed_bytes: int | None = None
    """The size that the manifest lists, in the rich form."""
    object_bytes: int | None = None
    """For a size mismatch, the object's size."""
    listed_checksum: str | None = None
    """For a checksum mismatch, the listed checksum and the object's, in hexadecimal digits."""
    object_checksum: str | None = None
    etag: str | None = None
    """For a checksum mismatch, the ETag of the object that was compared."""

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read a :meth:`payload` of this or another release, or raise MalformedEventError."""
        known = json_fields.known_fields(cls, payload)
        known["key"] = json_fields.text(payload, "key")
        return cls(**known | {"type": DifferenceType(payload["difference"])})

    def payload(self) -> dict[str, Any]:
        """Return the difference in the form that the state machine passes on."""
        return {
            "key": self.key,
            "difference": self.type.value,
            "in_s3": self.in_s3,
            "listed_bytes": self.listed_bytes,
            "object_bytes": self.object_bytes,
            **self._content(),
        }

    def _content(self) -> dict[str, str]:
        """Return the additional fields of a checksum mismatch; none for other types."""
        names = ("listed_checksum", "object_checksum", "etag")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def report_line(self) -> dict[str, Any]:
        """Return the difference as outcome events and reports show it."""
        sizes = self.type is DifferenceType.SIZE_MISMATCH
        details = {
            "inS3": self.in_s3,
            "listedSize": self.listed_bytes if sizes else None,
            "objectSize": self.object_bytes,
            "listedChecksum": self.listed_checksum,
            "objectChecksum": self.object_checksum,
        }
        known = {name: value for name, value in details.items() if value is not None}
        return {"type": self.type.value, "key": self.key, **known}
