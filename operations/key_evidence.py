"""The information of each hop on one key. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from handlers.core.naming import SetFolder
from operations.dead_letter import DeadLetter
from operations.safe_text import set_argument


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an object, or a delete marker."""

    version_id: str
    modified: int
    size_bytes: int | None
    """None for a delete marker."""
    newest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The information of each hop on one key."""

    set_id: str
    key: str
    manifest_key: str
    bucket: str
    reports_bucket: str
    region: str
    local: bool
    held_back: Collection[str]
    """The keys that the local system's gateway holds back."""
    has_manifest: bool
    ignored_by: str | None
    """The pattern in ``ignoreUnexpectedNames`` that matches the key."""
    listed: bool
    listed_bytes: int | None
    since: int
    """Events before this time belong to an earlier delivery; Unix seconds, 0 for none."""
    row_time: int | None
    row_bytes: int | None
    versions: Sequence[Version]
    dead_letters: Sequence[DeadLetter] | None
    """Dead letters that contain the key; None if they were not read."""
    health: Sequence[str]
    """Lines of the gateway's health log that contain the key, newest first."""
    gateway_arn: str | None
    outcome: str | None = None
    """The status of the set's last outcome; None before it, and while another attempt runs."""

    @property
    def folder(self) -> SetFolder:
        """The set's folder."""
        return SetFolder.of_manifest(self.manifest_key)

    @property
    def set_(self) -> str:
        """The set as arguments of a command."""
        return set_argument(self.set_id, self.folder.share_prefix)

    @property
    def is_complete(self) -> bool:
        """Whether S3 has it as the manifest lists it; a dead letter matters only then."""
        if self.object is None or not (self.listed or self.is_manifest):
            return False
        return self.listed_bytes in (None, self.object.size_bytes)

    @property
    def is_manifest(self) -> bool:
        """Whether the key is that of the set's manifest, which need not list itself."""
        return self.key == self.manifest_key

    @property
    def object(self) -> Version | None:
        """The newest version, unless it is a delete marker."""
        newest = next((each for each in self.versions if each.newest), None)
        return newest if newest and newest.size_bytes is not None else None

    @property
    def delete_marker(self) -> Version | None:
        """The delete marker that hides the object, or None."""
        newest = next((each for each in self.versions if each.newest), None)
        return newest if newest and newest.size_bytes is None else None
