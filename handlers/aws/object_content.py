"""S3 -> the comparison of one object's content with its listed checksum.

The mode ``stored`` compares the checksum that S3 stores, if it is a checksum of the full object.
Other objects, and all objects in the mode ``read``, are read and hashed. A second comparison
confirms each mismatch.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from botocore.exceptions import ClientError

from handlers.aws.object_chunks import object_chunks
from handlers.core.content import Comparison, Verdict
from handlers.core.manifest_entries import Entry

STORED, READ = "stored", "read"
CRC64NVME = "crc64nvme"
RANGE_BYTES = 64 * 1024**2
"""An object up to this size is read as one range; a larger one in ranges, some concurrently."""
RANGES_AT_ONCE = 8
SLOW_DOWN = {"SlowDown", "503", "ServiceUnavailable", "RequestTimeout", "InternalError", "500"}
"""The codes of temporary errors of S3, which do not concern the object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An object that is being read, and the progress of the reading."""

    entry: Entry
    version: str
    etag: str
    bytes_read: int = 0
    crc: int = 0
    """The CRC64NVME of the bytes that were read."""
    confirms: str | None = None
    """In a second reading, the checksum of the first reading, which differs."""
    began_anew: bool = False
    """True after the time ran out once in a SHA-256: the next call begins it anew, with its full time."""

    def payload(self) -> dict[str, Any]:
        """Return the reading as JSON, so that a later call can continue it."""
        return asdict(self)

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Reading:
        """Read a :meth:`payload` of this or another release."""
        known = {each.name: payload[each.name] for each in fields(cls) if each.name in payload}
        return cls(**{**known, "entry": Entry(*payload["entry"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectContent:
    """Compares the objects of a bucket with checksums of one algorithm."""

    s3: Any
    bucket: str
    algorithm: str
    """``crc64nvme`` or ``sha256``."""
    mode: str
    """``stored`` or ``read``."""

    def compare(self, entry: Entry) -> Comparison | Reading:
        """Compare the newest version; return a Reading if the object must be read."""
        try:
            head = self._head(entry.key)
        except ClientError:
            if self._is_there(entry.key):
                raise
            return _comparison(entry, Verdict.CHANGED)
        version, etag = head.get("VersionId", "null"), head["ETag"]
        if head["ContentLength"] != entry.size_bytes:
            return _comparison(entry, Verdict.CHANGED, version=version, etag=etag)
        found = self._stored(head) if self.mode == STORED else None
        if found is None:
            return Reading(entry=entry, version=version, etag=etag)
        if found != entry.checksum:
            found = self._stored(self._head(entry.key, VersionId=version))
        return _compared(entry, found, version=version, etag=etag)

    def read(
        self, reading: Reading, readers: Executor | None, out_of_time: Callable[[], bool]
    ) -> Comparison | Reading:
        """Continue *reading*, and read again if the checksum differs.

        Return a Reading to continue with if the time runs out. Without *readers*, ranges are read
        one by one.
        """
        entry = reading.entry
        try:
            found = self._read(reading, readers, out_of_time)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("NoSuchVersion", "NoSuchKey", "PreconditionFailed"):
                return _comparison(entry, Verdict.CHANGED)
            if code != "InvalidObjectState":
                raise
            found = "The object is archived: restore it, and reconcile the set again"
            return self._unverified(reading, found)
        if isinstance(found, Reading | Comparison):
            return found
        if found == entry.checksum or reading.confirms is not None:
            return _compared(entry, found, version=reading.version, etag=reading.etag)
        again = replace(reading, bytes_read=0, crc=0, began_anew=False, confirms=found)
        return self.read(again, readers, out_of_time)

    def _read(
        self, reading: Reading, readers: Executor | None, out_of_time: Callable[[], bool]
    ) -> str | Reading | Comparison:
        if self.algorithm == CRC64NVME:
            return self._crc64nvme(reading, readers, out_of_time)
        return self._sha256(reading, out_of_time)

    def _crc64nvme(
        self, reading: Reading, readers: Executor | None, out_of_time: Callable[[], bool]
    ) -> str | Reading:
        from awscrt.checksums import combine_crc64nvme

        size = reading.entry.size_bytes or 0
        at, crc = reading.bytes_read, reading.crc
        while at < size:
            if out_of_time():
                return replace(reading, bytes_read=at, crc=crc)
            stop = min(at + RANGE_BYTES * (RANGES_AT_ONCE if readers else 1), size)
            starts = range(at, stop, RANGE_BYTES)
            ranges = [(reading, start, min(start + RANGE_BYTES, stop)) for start in starts]
            crcs = (readers.map if readers else map)(self._crc_of_range, *zip(*ranges, strict=True))
            for (_, start, end), each in zip(ranges, crcs, strict=True):
                crc = combine_crc64nvme(crc, each, end - start)
            at = stop
        return f"{crc:016x}"

    def _crc_of_range(self, reading: Reading, start: int, end: int) -> int:
        from awscrt.checksums import crc64nvme

        crc = 0
        for chunk in self._chunks(reading, start, end):
            crc = crc64nvme(chunk, crc)
        return crc

    def _sha256(
        self, reading: Reading, out_of_time: Callable[[], bool]
    ) -> str | Reading | Comparison:
        """Hash the whole object: unlike a CRC, a SHA-256 cannot be continued in a later call."""
        digest = hashlib.sha256()
        for chunk in self._chunks(reading, 0, reading.entry.size_bytes or 0):
            if out_of_time():
                if not reading.began_anew:
                    return replace(reading, began_anew=True)
                reason = "The object is too large for its SHA-256 to be computed in one call"
                return self._unverified(reading, reason)
            digest.update(chunk)
        return digest.hexdigest()

    def _chunks(self, reading: Reading, start: int, end: int) -> Iterator[bytes]:
        place = {
            "Bucket": self.bucket,
            "Key": reading.entry.key,
            "VersionId": reading.version,
            "IfMatch": reading.etag,
        }
        return object_chunks(self.s3, place, start=start, end=end)

    def _head(self, key: str, **version: str) -> Mapping[str, Any]:
        head: Mapping[str, Any] = self.s3.head_object(
            Bucket=self.bucket, Key=key, ChecksumMode="ENABLED", **version
        )
        return head

    def _is_there(self, key: str) -> bool:
        """Return whether the bucket has *key*: the error of a HEAD request may not show it."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1)
        return any(each["Key"] == key for each in listed.get("Contents", []))

    def _stored(self, head: Mapping[str, Any]) -> str | None:
        """Return the checksum that S3 stores; None if it is not one of the full object."""
        value = head.get(f"Checksum{self.algorithm.upper()}")
        if value is None or head.get("ChecksumType") != "FULL_OBJECT":
            return None
        return base64.b64decode(value).hex()

    @staticmethod
    def _unverified(reading: Reading, reason: str) -> Comparison:
        return _comparison(
            reading.entry,
            Verdict.UNVERIFIED,
            version=reading.version,
            etag=reading.etag,
            reason=reason,
        )


def _compared(entry: Entry, found: str | None, **object_: str) -> Comparison:
    verdict = Verdict.MATCH if found == entry.checksum else Verdict.MISMATCH
    return _comparison(entry, verdict, found=found, **object_)


def _comparison(entry: Entry, verdict: Verdict, **rest: str | None) -> Comparison:
    return Comparison(
        key=entry.key,
        size=entry.size_bytes or 0,
        checksum=entry.checksum or "",
        verdict=verdict,
        **rest,
    )
