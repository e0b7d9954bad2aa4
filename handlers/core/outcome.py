"""The outcome of one manifest upload, with the fields of its event."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from handlers.core.events import ManifestUpload
from handlers.core.tally import Tally


class Status(StrEnum):
    """The result of a reconciliation, in the words of the contract."""

    SUCCESSFUL = "Successful"
    TIMED_OUT = "Timed out"
    FAILED = "Failed"


DETAIL_TYPES = {
    Status.SUCCESSFUL: "File Upload Reconciliation Successful",
    Status.TIMED_OUT: "File Upload Reconciliation Timeout",
    Status.FAILED: "File Upload Reconciliation Failed",
}

FOUND = tuple(Tally(files=0).detail())
"""The fields that a comparison fills; null if there was none."""


def outcome_id(manifest: ManifestUpload, version_id: str) -> str:
    """Return the id that all events on one manifest upload's outcome have."""
    upload = manifest.upload
    return digest(upload.bucket, upload.key, version_id, manifest.attempt)


def digest(*identity: str | int) -> str:
    """Return a hash of *identity*, 64 characters long, for use in a key."""
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The one outcome that consumers receive for a manifest upload."""

    manifest: ManifestUpload
    version_id: str
    """The manifest's S3 version, or its event time if a failure occurred before the version was known."""
    status: Status
    reason: str
    execution: str
    started: int
    finished: int
    iterations: int | None
    report: str
    """The S3 URI of the report's summary."""
    found: Mapping[str, Any] = field(default_factory=dict)
    """A tally's counts and examples; empty if there was no check."""

    @property
    def id(self) -> str:
        """The id that all events on one manifest upload's outcome have."""
        return outcome_id(self.manifest, self.version_id)

    def detail(self) -> dict[str, Any]:
        """Return the event's detail; ``started`` and ``finished`` are Unix seconds."""
        return {
            **self.manifest.detail(),
            "outcome-id": self.id,
            "manifest-version-id": self.version_id,
            "attempt": self.manifest.attempt,
            "status": self.status.value,
            "reason": self.reason,
            **dict.fromkeys(FOUND),
            **self.found,
            "report": self.report,
            "execution": self.execution,
            "started": self.started,
            "finished": self.finished,
            "iterations": self.iterations,
        }
