"""A key at which the streams differ, held until its type is certain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

from handlers.core.difference import Difference, DifferenceType, Remark, RemarkType
from handlers.core.json_fields import known_fields, whole_number

WITHOUT_NAMES = (
    "length",
    "listed",
    "announced",
    "listed_bytes",
    "object_bytes",
    "is_folder",
    "in_s3",
)
"""The order of a held key's values in release 0.1.0."""


@dataclass(slots=True)
class Held:
    """A key whose contents, if it is a folder, may not be known yet."""

    key: str
    listed: bool = False
    announced: bool = False
    listed_bytes: int | None = None
    object_bytes: int | None = None
    is_folder: bool | None = None
    """True if the manifest lists something in it; None while that is not known."""
    in_s3: bool | None = None
    """True if S3 has it, or something in it; None while that is not known."""
    folder_in_s3: bool = False
    """True if S3 has it as a folder."""

    @property
    def is_file(self) -> bool:
        """True if it is listed with a size above 0, so that ``name/...`` is another key."""
        return bool(self.listed and self.listed_bytes)

    def settled(self, *, verified: bool) -> bool:
        """Return whether all values that :meth:`judge` needs are known; if *verified*, also those of S3."""
        return self.is_folder is not None and (self.in_s3 is not None or not verified)

    def judge(self, ignored: Callable[[str], bool]) -> Difference | Remark | None:
        """Return the difference or the remark for the key, or None."""
        if self.listed:
            return self._difference()
        if self.in_s3 is False:
            return Remark(key=self.key, type=RemarkType.VANISHED)
        if self.is_folder:
            return None
        if self.folder_in_s3:
            return Remark(key=self.key, type=RemarkType.UNLISTED_FOLDER)
        if ignored(self.key):
            return Remark(key=self.key, type=RemarkType.IGNORED)
        return Difference(key=self.key, type=DifferenceType.UNEXPECTED)

    def _difference(self) -> Difference | None:
        """Return the first type of difference that fits a listed key."""
        in_s3, object_bytes = None, None
        if not self.announced:
            if self.is_folder:
                return None
            kind, in_s3 = DifferenceType.MISSING, self.in_s3
        elif self.in_s3 is False:
            kind = DifferenceType.ABSENT
        elif None not in (self.listed_bytes, self.object_bytes) and (
            self.listed_bytes != self.object_bytes
        ):
            kind, object_bytes = DifferenceType.SIZE_MISMATCH, self.object_bytes
        else:
            return None
        return Difference(
            key=self.key,
            type=kind,
            in_s3=in_s3,
            listed_bytes=self.listed_bytes,
            object_bytes=object_bytes,
        )

    def payload(self) -> dict[str, Any]:
        """Return the key's length and the known values, for JSON; short, as there may be hundreds."""
        known = {name: value for name, value in asdict(self).items() if value is not None}
        return {"length": len(known.pop("key")), **known}

    @classmethod
    def from_payload(cls, payload: Any, *, after: str) -> Self:
        """Read a :meth:`payload` of this release or another; held keys are prefixes of *after*."""
        if isinstance(payload, list) and len(payload) == len(WITHOUT_NAMES):
            payload = dict(zip(WITHOUT_NAMES, payload, strict=True))
        known = known_fields(cls, payload)
        return cls(**known | {"key": after[: whole_number(payload, "length")]})
