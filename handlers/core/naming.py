"""Which dataset does an object belong to, and is it the dataset's manifest?

A logical dataset is the folder ``<set id><job dir suffix>`` at the root of a file
share; its manifest is ``<set id><manifest suffix>``, directly in it, nowhere deeper.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class FileKind(StrEnum):
    """What an uploaded file is to its dataset."""

    DATA = "Data"
    MANIFEST = "Manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How the folders and the manifests of datasets are named: two settings."""

    job_dir_suffix: str
    manifest_suffix: str

    def classify(self, key: str, *, share_prefix: str) -> tuple[str, FileKind] | None:
        """Return the set id and kind of the object *key*, or None if it is in no dataset."""
        folder, _, path = key.removeprefix(share_prefix).partition("/")
        set_id = folder.removesuffix(self.job_dir_suffix)
        if not set_id or set_id == folder:
            return None
        if path == f"{set_id}{self.manifest_suffix}":
            return set_id, FileKind.MANIFEST
        return set_id, FileKind.DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFolder:
    """Where in the bucket a dataset lives."""

    share_prefix: str
    """What the file share puts before every key: empty, or ending in a slash."""
    name: str
    """The folder's own name, ``<set id><job dir suffix>``."""

    @classmethod
    def of_manifest(cls, key: str) -> Self:
        """Return the folder in which the manifest *key* lies."""
        folder, _, _ = key.rpartition("/")
        before, slash, name = folder.rpartition("/")
        return cls(share_prefix=f"{before}{slash}", name=name)

    @property
    def prefix(self) -> str:
        """What every S3 key of the dataset begins with."""
        return f"{self.share_prefix}{self.name}/"
