"""A key -> its dataset, and whether it is the dataset's manifest.

A logical dataset is the folder ``<set id><job dir suffix>`` at the root of a file share. Its
manifest is ``<set id><manifest suffix>``, directly in that folder.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class FileKind(StrEnum):
    """The kind of an uploaded file in its dataset."""

    DATA = "Data"
    MANIFEST = "Manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The names of datasets' folders and manifests, as two settings define them."""

    job_dir_suffix: str
    manifest_suffix: str

    def classify(self, key: str, *, share_prefix: str) -> tuple[str, FileKind] | None:
        """Return the set id and kind of the object *key*; None if it is in no dataset."""
        set_id, path = self._split(key, share_prefix)
        if not set_id:
            return None
        is_manifest = path == f"{set_id}{self.manifest_suffix}"
        return set_id, FileKind.MANIFEST if is_manifest else FileKind.DATA

    def is_near_miss(self, key: str, *, share_prefix: str) -> bool:
        """Return whether the name of the data file *key* is almost that of its dataset's manifest.

        That is a name which contains the manifest's name, in any case or Unicode form:
        ``S.manifest.filepart``, ``.S.manifest.Ab12``, ``S.Manifest``, or ``S.manifest`` in a
        subfolder; or, directly in the dataset's folder, a name with the manifests' suffix.
        """
        set_id, path = self._split(key, share_prefix)
        folder, _, name = path.rpartition("/")
        sought = f"{set_id if folder else ''}{self.manifest_suffix}"
        return bool(set_id) and _folded(sought) in _folded(name)

    def _split(self, key: str, share_prefix: str) -> tuple[str, str]:
        """Return set id and path in the dataset's folder; the id is empty if *key* is in no dataset."""
        folder, _, path = key.removeprefix(share_prefix).partition("/")
        set_id = folder.removesuffix(self.job_dir_suffix)
        return ("" if set_id == folder else set_id), path


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFolder:
    """The folder of a dataset in the bucket."""

    share_prefix: str
    """The file share's prefix of every key: empty, or ending in a slash."""
    name: str
    """The folder's own name, ``<set id><job dir suffix>``."""

    @classmethod
    def of_manifest(cls, key: str) -> Self:
        """Return the folder of the manifest *key*."""
        folder, _, _ = key.rpartition("/")
        before, slash, name = folder.rpartition("/")
        return cls(share_prefix=f"{before}{slash}", name=name)

    @property
    def prefix(self) -> str:
        """The beginning of every S3 key of the dataset."""
        return f"{self.share_prefix}{self.name}/"
