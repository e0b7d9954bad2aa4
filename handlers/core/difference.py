"""One key that differs, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from handlers.core.json_fields import known_fields


class DifferenceType(StrEnum):
    """How a key differs; it has one type, the first that fits."""

    MISSING = "missing"
    """Listed, not announced."""
    ABSENT = "absent"
    """Announced, not in S3."""
    SIZE_MISMATCH = "size-mismatch"
    """Not of the size that is listed."""
    UNEXPECTED = "unexpected"
    """Announced, not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key that differs."""

    key: str
    difference: DifferenceType
    in_s3: bool | None = None
    """Of a missing key: whether S3 has it, so that only its event was lost or is late."""
    listed_bytes: int | None = None
    object_bytes: int | None = None
    """Of a size mismatch: both sizes."""

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what :func:`dataclasses.asdict` made of a difference, in this release or another."""
        known = known_fields(cls, payload)
        return cls(**{**known, "difference": DifferenceType(payload["difference"])})

    def wire(self) -> dict[str, Any]:
        """Return the finding as outcome events and reports show it."""
        known = {
            "inS3": self.in_s3,
            "listedSize": self.listed_bytes,
            "objectSize": self.object_bytes,
        }
        seen = {name: value for name, value in known.items() if value is not None}
        return {"type": self.difference.value, "key": self.key, **seen}
