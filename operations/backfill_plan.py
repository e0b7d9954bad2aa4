"""Decide which keys of a dataset a backfill announces, with the reason for the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from handlers.aws import dataset
from handlers.core.difference import Difference, DifferenceType
from handlers.core.events import ObjectUpload
from operations.attempts import Attempts
from operations.set_reading import ReadDataset, open_set
from operations.settled import Look, Verdict, verdict
from operations.vault import Vault

LOOKERS = 8
AT_ONCE = 1_000
"""The number of objects that are looked at before the next are read, to limit memory."""

OnLook = Callable[[], None]
Candidate = tuple[str, int | None, bool]
"""A key, its listed size or None, and whether S3 has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A listed key without a row, and the decision on it."""

    key: str
    listed_bytes: int | None
    look: Look | None
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The actions of a backfill of one dataset."""

    attempts: Attempts
    attempt: int
    """The attempt that compares the announced files; 1 before the first outcome."""
    running: bool
    """Whether this attempt runs already."""
    since: int
    listed: int
    judged: Sequence[Judged]
    """The listed keys without a row and, before an outcome, a manifest that may be incomplete."""
    successful: bool
    """Whether the last outcome of the manifest's upload is *Successful*."""

    @property
    def manifest(self) -> ObjectUpload:
        """The manifest's own upload."""
        return self.attempts.manifest.upload

    @property
    def files(self) -> list[Judged]:
        """The listed keys without a row."""
        return [each for each in self.judged if each.key != self.manifest.key]

    @property
    def missing(self) -> int:
        """The number of listed keys without a row."""
        return len(self.files)

    @property
    def unseen(self) -> list[Judged]:
        """The keys that need a second look."""
        return [each for each in self.judged if each.verdict is Verdict.UNSEEN]

    @property
    def not_announced(self) -> int:
        """The number of keys in S3 that must not be announced yet."""
        ready = (Verdict.ANNOUNCE, Verdict.NOT_IN_S3, Verdict.UNSEEN)
        return sum(each.verdict not in ready for each in self.judged)

    @property
    def nothing_to_do(self) -> bool:
        """Whether there is no file to announce, and the upload is *Successful* or an attempt is running."""
        return (self.successful or self.running) and not self.uploads

    @property
    def then(self) -> str:
        """The action after the data files are announced."""
        if self.running:
            return f"attempt {self.attempt}, which is running, compares again"
        if self.nothing_to_do:
            return "nothing, because the outcome is Successful and there is no file to announce"
        if self.attempt > 1:
            return f"attempt {self.attempt} is started, because the upload has an outcome already"
        if self.manifest_may_grow:
            return "the manifest is not announced, because it may still be growing"
        return "the manifest is announced"

    @property
    def manifest_may_grow(self) -> bool:
        """Whether the manifest has the plain form and may be incomplete."""
        return any(
            each.key == self.manifest.key and each.verdict is not Verdict.ANNOUNCE
            for each in self.judged
        )

    @property
    def uploads(self) -> list[ObjectUpload]:
        """The data files to announce."""
        return [
            ObjectUpload(
                bucket=self.manifest.bucket,
                key=each.key,
                size_bytes=each.look.size_bytes,
                event_time=each.look.modified,
                share_prefix=self.manifest.share_prefix,
            )
            for each in self.files
            if each.verdict is Verdict.ANNOUNCE and each.look
        ]

    def looked_again(self, *, on_look: OnLook) -> Plan:
        """Return the plan after a second look at the keys that need it."""
        now = int(time.time())
        unseen = ((each.key, None, True) for each in self.unseen)
        looks = _looks(self.manifest.bucket, unseen, on_look)
        second = {key: look for key, _, look in looks}
        return replace(
            self,
            judged=[
                each
                if each.key not in second
                else replace(each, verdict=self._verdict(each, second[each.key], now))
                for each in self.judged
            ],
        )

    def _verdict(self, judged: Judged, second: Look | None, now: int) -> Verdict:
        if second is None:
            return Verdict.NOT_IN_S3
        return verdict(
            judged.listed_bytes,
            judged.look,
            second,
            since=self.since,
            now=now,
            settling_seconds=self.attempts.vault.upload_settling_seconds,
        )

    def wire(self) -> dict[str, Any]:
        """Return the fields for ``--json``."""
        return {
            "setId": self.attempts.manifest.set_id,
            "manifestKey": self.manifest.key,
            "attempt": self.attempt,
            "listed": self.listed,
            "missing": self.missing,
            "keys": [{"key": each.key, "verdict": each.verdict.value} for each in self.files],
            "manifestMayGrow": self.manifest_may_grow,
        }


def make_plan(vault: Vault, set_id: str, *, share_prefix: str, on_look: OnLook) -> Plan:
    """Compare a dataset with S3 and the table, and look once at each object without a row.

    Raises:
        OperatorError: The dataset has no manifest, or one that cannot be used.
    """
    with open_set(vault, set_id, share_prefix=share_prefix) as found:
        listing, upload = found.listing, found.manifest.upload
        attempts = Attempts(
            vault=vault, manifest=found.manifest, version_id=listing.manifest_version_id
        )
        running = attempts.running()
        last_status, following = attempts.so_far()
        attempt = (running.manifest if running else following).attempt
        candidates = _without_rows(found, and_manifest=attempt == 1 and not running)
        judge = partial(
            verdict,
            since=listing.since,
            now=int(time.time()),
            settling_seconds=vault.upload_settling_seconds,
        )
        looks = _looks(upload.bucket, candidates, on_look)
        judged = [
            Judged(key=key, listed_bytes=size, look=look, verdict=judge(size, look, None))
            for key, size, look in looks
        ]
        return Plan(
            attempts=attempts,
            attempt=attempt,
            running=running is not None,
            since=listing.since,
            listed=listing.entries,
            judged=judged,
            successful=last_status == "Successful",
        )


def _without_rows(found: ReadDataset, *, and_manifest: bool) -> Iterator[Candidate]:
    """Yield the listed keys that have no row, and the manifest if it may be incomplete."""
    in_s3 = {
        each.key: each.in_s3 is not False
        for each in found.differences()
        if isinstance(each, Difference) and each.type is DifferenceType.MISSING
    }
    for key, size, _ in found.entries():
        if key in in_s3:
            yield key, size, in_s3[key]
    if and_manifest and not found.listing.rich:  # a header proves that a manifest is complete
        yield found.manifest.upload.key, None, True


def _looks(
    bucket: str, candidates: Iterable[Candidate], on_look: OnLook
) -> Iterator[tuple[str, int | None, Look | None]]:
    """Look at each object, several at a time, and yield the results in order."""
    candidates = iter(candidates)

    def look(candidate: Candidate) -> Look | None:
        key, _, in_s3 = candidate
        return _look(bucket, key) if in_s3 else None

    with ThreadPoolExecutor(LOOKERS) as lookers:
        while some := list(islice(candidates, AT_ONCE)):
            for (key, size, _), found in zip(some, lookers.map(look, some), strict=True):
                on_look()
                yield key, size, found


def _look(bucket: str, key: str) -> Look | None:
    """Look at an object or, if there is none, at the folder's, which counts as empty; None without both."""
    for name in (key, f"{key}/"):
        try:
            head = dataset.s3.head_object(Bucket=bucket, Key=name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            continue
        return Look(
            size_bytes=head["ContentLength"] if name == key else 0,
            modified=int(head["LastModified"].timestamp()),
            version_id=head.get("VersionId", "null"),
            etag=head["ETag"],
        )
    return None
