"""One key that differs, typed, and one that a report only remarks on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from handlers.core import json_fields


class DifferenceType(StrEnum):
    """How a key differs; it has one type, the first that fits."""

    MISSING = "missing"
    """Listed, not announced."""
    ABSENT = "absent"
    """Listed and announced, not in S3."""
    SIZE_MISMATCH = "size-mismatch"
    """Not of the size that is listed."""
    CHECKSUM_MISMATCH = "checksum-mismatch"
    """Not of the content that is listed, by a second reading too."""
    UNEXPECTED = "unexpected"
    """Announced and in S3, not listed."""


class RemarkType(StrEnum):
    """Why a key that is not listed is no difference: outcomes count it, reports list it."""

    VANISHED = "vanished"
    """Announced, not in S3: a temporary or a renamed file."""
    IGNORED = "ignored"
    """Announced and in S3, under a name that the settings ignore."""
    UNLISTED_FOLDER = "unlisted-folder"
    """Announced, and S3 shows that it is a folder."""
    UNANNOUNCED = "unannounced"
    """In S3, not announced."""
    UNVERIFIED = "unverified"
    """Listed, and its checksum cannot be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One key that is no difference, and worth a line in the report."""

    key: str
    type: RemarkType
    reason: str | None = None
    """Of an unverified object: why its checksum cannot be compared."""

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
    """Of a missing key: whether S3 has it, so that only its event was lost or is late."""
    listed_bytes: int | None = None
    """The size that the manifest lists, in the rich form."""
    object_bytes: int | None = None
    """Of a size mismatch: the object's size."""
    listed_checksum: str | None = None
    """Of a checksum mismatch: what is listed, and what the object has, in hexadecimal digits."""
    object_checksum: str | None = None
    etag: str | None = None
    """Of a checksum mismatch: the ETag of the object that was compared."""

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what :meth:`payload` wrote, in this release or another, or raise MalformedEventError."""
        known = json_fields.known_fields(cls, payload)
        known["key"] = json_fields.text(payload, "key")
        return cls(**known | {"type": DifferenceType(payload["difference"])})

    def payload(self) -> dict[str, Any]:
        """Return the difference as the state machine carries it."""
        return {
            "key": self.key,
            "difference": self.type.value,
            "in_s3": self.in_s3,
            "listed_bytes": self.listed_bytes,
            "object_bytes": self.object_bytes,
            **self._content(),
        }

    def _content(self) -> dict[str, str]:
        """Return what a checksum mismatch has more; nothing for other types."""
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
