"""Read a dataset as the reconciliation does: its present manifest, rows and objects.

Import this module only after the AWS is chosen: the handlers' adapters make their clients when they
are imported.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from tempfile import TemporaryFile
from typing import IO, Any

from botocore.exceptions import ClientError

from handlers.aws import dataset
from handlers.aws.object_chunks import CHUNK_BYTES, object_chunks
from handlers.core.difference import Difference, Remark
from handlers.core.errors import ManifestError
from handlers.core.events import ManifestUpload, ObjectUpload
from handlers.core.external_sort import sorted_file
from handlers.core.ignored_names import IgnoredNames
from handlers.core.listing import Listing, prepare
from handlers.core.manifest_entries import Entry
from handlers.core.naming import SetFolder
from handlers.core.progress import Progress
from handlers.core.tidy_entries import TidyEntries
from operations.errors import NoManifestError, UnusableManifestError
from operations.safe_text import shown
from operations.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDataset(dataset.Dataset):
    """A dataset whose manifest was read into a local file, sorted if necessary."""

    copy: IO[bytes]

    def _chunks(self, offset: int) -> Iterator[bytes]:
        return _chunks(self.copy, offset)

    def entries(self) -> Iterator[Entry]:
        """Yield the listed keys, sorted, with sizes and checksums if the manifest has them."""
        start = self.listing.start
        yield from TidyEntries(self._chunks(start), self.listing, offset=start).entries()

    def differences(self) -> Iterator[Difference | Remark]:
        """Yield every present difference and remark, in the order of the keys."""
        merge, _ = self.open_merge(Progress())
        yield from (each for each in merge.differences() if each is not None)


@contextmanager
def open_set(
    vault: Vault, set_id: str, *, share_prefix: str = "", verify_objects: bool = True
) -> Iterator[ReadDataset]:
    """Read the present manifest of a dataset, and yield the dataset.

    Raises:
        NoManifestError: S3 has none.
        UnusableManifestError: It cannot be used.
    """
    bucket = vault.file_upload_bucket_name
    key = vault.manifest_key(set_id, share_prefix=share_prefix)
    head = manifest_head(bucket, key)
    version_id = head.get("VersionId", "null")
    itself = Listing(bucket=bucket, key=key, version_id=version_id, manifest_version_id=version_id)
    with TemporaryFile() as file, ExitStack() as scratch:
        file.writelines(object_chunks(dataset.s3, itself.place, start=0, end=head["ContentLength"]))
        listing, copy = _prepared(itself, head, file, scratch)
        yield ReadDataset(
            manifest=ManifestUpload(
                set_id=set_id,
                upload=ObjectUpload(
                    bucket=bucket,
                    key=key,
                    size_bytes=head["ContentLength"],
                    event_time=int(head["LastModified"].timestamp()),
                    share_prefix=share_prefix,
                ),
            ),
            listing=listing,
            table=vault.upload_event_table_name,
            verify_objects=verify_objects,
            ignored=IgnoredNames(vault.ignore_unexpected_names, SetFolder.of_manifest(key)),
            copy=copy,
        )


def _prepared(
    itself: Listing, head: Any, file: IO[bytes], scratch: ExitStack
) -> tuple[Listing, IO[bytes]]:
    """Check the manifest in *file*; return its listing, and the file that the listing describes."""
    files = [file]

    def tidy_copy(entries: Iterator[Entry]) -> Listing:
        copy = sorted_file(entries)
        files.append(scratch.enter_context(copy.file))
        return replace(
            itself,
            end=copy.file.seek(0, io.SEEK_END),
            entries=copy.entries,
            size_bytes=copy.size_bytes,
        )

    try:
        listing = prepare(
            lambda: _chunks(file, 0),
            itself,
            SetFolder.of_manifest(itself.key),
            arrived=int(head["LastModified"].timestamp()),
            tidy_copy=tidy_copy,
        )
    except ManifestError as error:
        raise UnusableManifestError(shown(itself.key), str(error)) from error
    return listing, files[-1]


def _chunks(file: IO[bytes], offset: int) -> Iterator[bytes]:
    file.seek(offset)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def newer_manifest(vault: Vault, decided: Mapping[str, Any]) -> float | None:
    """Return the time of S3's manifest in Unix seconds, if it is newer than that of the outcome *decided*.

    If the outcome was decided before a version was read, the event's time stands for its version.
    """
    try:
        head = manifest_head(vault.file_upload_bucket_name, decided["object-key"])
    except NoManifestError:
        return None
    version, event_time = decided["manifest-version-id"], decided["event-time"]
    modified: float = head["LastModified"].timestamp()
    if version == head.get("VersionId", "null"):
        return None
    if version == str(event_time) and modified < event_time + 1:
        return None
    return modified


def manifest_head(bucket: str, key: str) -> Any:
    """Return S3's metadata of the manifest.

    Raises:
        NoManifestError: There is none.
    """
    try:
        return dataset.s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        raise NoManifestError(
            f"There is no manifest {shown(f's3://{bucket}/{key}')}: check the set id and the share's"
            " prefix, and whether the manifest was vaulted."
        ) from error
