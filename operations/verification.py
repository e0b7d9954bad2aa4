"""Compare a receipt with the present objects, several at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from handlers.aws.object_content import SLOW_DOWN, ObjectContent, Reading
from handlers.core.content import Comparison, Verdict
from handlers.core.manifest_entries import Entry
from operations.errors import OperatorError
from operations.safe_text import shown

WORKERS = 16
BATCH = 256
"""The number of objects whose results memory holds."""
ATTEMPTS = 3
"""The most comparisons of an object that is replaced while it is read."""
REFUSED = {"AccessDenied", "403"}


class ChangeType(StrEnum):
    """The difference between an object and the receipt."""

    DELETED = "deleted"
    """The bucket has no such object any more, or its newest version is a delete marker."""
    OTHER_SIZE = "other-size"
    OTHER_CONTENT = "other-content"
    UNREADABLE = "unreadable"
    """Its content cannot be compared."""
    NEW_VERSION = "new-version"
    """A newer version has the same content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One object that differs from its line in the receipt."""

    type: ChangeType
    before: Comparison
    """The receipt's line."""
    now: Comparison

    def wire(self) -> dict[str, Any]:
        """Return the fields for ``--json``."""
        return {
            "type": self.type.value,
            "key": self.before.key,
            "size": self.before.size,
            "checksum": self.before.checksum,
            "version": self.before.version,
            "checksumNow": self.now.found,
            "versionNow": self.now.version,
            "reason": self.now.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Repeats the comparisons of a receipt in one bucket."""

    objects: ObjectContent
    stopped: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, bucket: str, *, algorithm: str, mode: str) -> Verification:
        """Create a verification of the objects in *bucket*."""
        retries: Any = {"mode": "adaptive", "total_max_attempts": 8}
        s3 = boto3.client("s3", config=Config(max_pool_connections=WORKERS, retries=retries))
        return cls(objects=ObjectContent(s3=s3, bucket=bucket, algorithm=algorithm, mode=mode))

    def changes(self, receipt: Iterable[Comparison]) -> Iterator[Change | None]:
        """Yield a change, or None, for each comparison of *receipt*."""
        ahead = iter(receipt)
        with ThreadPoolExecutor(WORKERS) as workers:
            try:
                while batch := list(islice(ahead, BATCH)):
                    yield from workers.map(self._change, batch)
            finally:
                self.stopped.set()

    def _change(self, before: Comparison) -> Change | None:
        now = self._now(before)
        type_ = change_type(before, now)
        return Change(type=type_, before=before, now=now) if type_ else None

    def _now(self, before: Comparison) -> Comparison:
        entry = Entry(before.key, before.size, before.checksum)
        for _ in range(ATTEMPTS):
            try:
                found = self.objects.compare(entry)
                if not isinstance(found, Reading):
                    return found
                found = self.objects.read(found, None, self.stopped.is_set)
            except ClientError as error:
                return _unreadable(before, error)
            except ImportError as error:
                raise OperatorError(
                    f"{shown(before.key)} must be read, and CRC64NVME needs a library:"
                    " 'pip install awscrt' installs it."
                ) from error
            if isinstance(found, Comparison) and found.verdict is not Verdict.CHANGED:
                return found
        reason = "It changes again and again while it is read"
        return replace(before, verdict=Verdict.UNVERIFIED, found=None, reason=reason)


def change_type(before: Comparison, now: Comparison) -> ChangeType | None:
    """Return the type of the change from *before* to *now*, if there is one."""
    match now.verdict:
        case Verdict.CHANGED:
            return ChangeType.DELETED if now.version is None else ChangeType.OTHER_SIZE
        case Verdict.MISMATCH:
            return ChangeType.OTHER_CONTENT
        case Verdict.UNVERIFIED:
            return ChangeType.UNREADABLE
        case Verdict.MATCH:
            return None if now.version == before.version else ChangeType.NEW_VERSION


def _unreadable(before: Comparison, error: ClientError) -> Comparison:
    """Return an UNVERIFIED comparison with S3's reason; raise an error that is not the object's own."""
    code = error.response["Error"].get("Code", "")
    if code in REFUSED:
        raise OperatorError(
            f"S3 refuses to read {shown(before.key)}: 'sgvault policy --verify' prints the"
            " permissions."
        ) from error
    if code in SLOW_DOWN:
        raise error
    return replace(before, verdict=Verdict.UNVERIFIED, found=None, reason=str(error))
