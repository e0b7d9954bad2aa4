"""S3 -> the folders of sets in the upload bucket, and the keys directly in one of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import boto3

from handlers.aws.pages import object_pages

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

MAX_DEPTH = 3
"""The deepest level of a set's folder that is found: a share's prefix has at most two folders."""
NEAR_MISSES = 10
NEAR_MISS_PAGES = 10

s3: S3Client = boto3.client("s3")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFolders:
    """The upload bucket, as folders."""

    bucket: str
    job_dir_suffix: str
    manifest_suffix: str

    def all(self, prefix: str = "", depth: int = 1) -> Iterator[str]:
        """Yield every set's folder; S3 returns a thousand in one page."""
        for page in self._pages(prefix):
            for each in page.get("CommonPrefixes", []):
                folder = each["Prefix"]
                if self.set_id(folder):
                    yield folder
                elif depth < MAX_DEPTH:
                    yield from self.all(folder, depth + 1)

    def set_id(self, folder: str) -> str:
        """Return the set id in a folder's name; empty if it is not the folder of a set."""
        name = folder.rstrip("/").rpartition("/")[2]
        return name.removesuffix(self.job_dir_suffix) if name.endswith(self.job_dir_suffix) else ""

    def is_young(self, folder: str, *, days: int) -> bool:
        """Return whether one of the folder's first thousand objects is younger than *days*."""
        page = s3.list_objects_v2(Bucket=self.bucket, Prefix=folder)
        newest = max((each["LastModified"] for each in page.get("Contents", [])), default=None)
        return newest is not None and newest.timestamp() > time.time() - days * 86_400

    def near_misses(self, folder: str) -> tuple[str, ...]:
        """Return keys directly in *folder* that contain the manifests' suffix, in any case."""
        suffix = self.manifest_suffix.casefold()
        found: list[str] = []
        for page in islice(self._pages(folder), NEAR_MISS_PAGES):
            keys = [each["Key"] for each in page.get("Contents", [])]
            found += (key for key in keys if suffix in key.rpartition("/")[2].casefold())
        return tuple(found[:NEAR_MISSES])

    def _pages(self, prefix: str) -> Iterator[ListObjectsV2OutputTypeDef]:
        """Return pages of the keys and folders directly below *prefix*."""
        return object_pages(s3, Bucket=self.bucket, Prefix=prefix, Delimiter="/")
