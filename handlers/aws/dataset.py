"""S3 and DynamoDB -> the three sorted streams of a dataset, and single keys of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from handlers.aws.pages import KEYS, SIZES, page_session
from handlers.core.difference import Difference, DifferenceType
from handlers.core.events import ManifestUpload
from handlers.core.listing import Listing, TidyEntries
from handlers.core.merge import Merge
from handlers.core.naming import SetFolder
from handlers.core.progress import Progress
from handlers.core.sorted_stream import KeyBlock, SortedStream

CHUNK_BYTES = 1024 * 1024
FIRST_PAGE_ITEMS = 250
"""Most checks stop soon: pages begin small, and double."""
LARGEST_PAGE_ITEMS = 100_000
"""More rows than a page's 1 MB can hold, and far below what an int32 on the wire can."""

_session = page_session()
_config = Config(retries={"mode": "standard", "max_attempts": 5})
dynamodb: Any = _session.create_client("dynamodb", config=_config)
s3: Any = _session.create_client("s3", config=_config)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset as manifest, table and bucket know it."""

    manifest: ManifestUpload
    listing: Listing
    table: str
    verify_objects: bool
    """Whether S3 is asked as well."""

    @property
    def folder(self) -> SetFolder:
        """Where the dataset's objects lie."""
        return SetFolder.of_manifest(self.manifest.upload.key)

    def open_merge(self, progress: Progress) -> tuple[Merge, Callable[[], int]]:
        """Open the streams where *progress* stands; the second tells the manifest's offset."""
        offset = max(progress.offset, self.listing.start)
        entries = TidyEntries(self._chunks(offset), self.listing, offset=offset)
        listed = SortedStream(iter(entries))
        merge = Merge(
            listed=listed,
            announced=SortedStream(self._announced(progress.after)),
            objects=SortedStream(self._objects(progress.after)) if self.verify_objects else None,
        )
        merge.take_up(progress.after, progress.held)
        return merge, lambda: entries.offset_of(listed.at)

    def cleared(self, finding: Difference) -> bool:
        """Say whether a difference that was found is none any more, by asking for its key."""
        match finding.difference:
            case DifferenceType.MISSING:
                return self._row(finding.key) is not None
            case DifferenceType.UNEXPECTED:
                return self._row(finding.key) is None
            case DifferenceType.ABSENT:
                return self._object_bytes(finding.key) is not None
            case DifferenceType.SIZE_MISMATCH:
                return self._size_bytes(finding.key) == finding.listed_bytes

    def _chunks(self, offset: int) -> Iterator[bytes]:
        if offset >= self.listing.end:
            return
        answer = s3.get_object(
            Bucket=self.listing.bucket,
            Key=self.listing.key,
            VersionId=self.listing.version_id,
            Range=f"bytes={offset}-",
        )
        yield from answer["Body"].iter_chunks(CHUNK_BYTES)

    def _announced(self, after: str) -> Iterator[KeyBlock]:
        """Read the rows that have not expired; a stale page can only delay."""
        folder = self.folder.prefix
        beyond = f"{folder[:-1]}0"  # the first text after every key in the folder
        itself = self.manifest.upload.key
        wanted = "objectKey, objectSize" if self._sized_by_events else "objectKey"
        request: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "setId = :set AND objectKey BETWEEN :first AND :last",
            "FilterExpression": "expiresAt > :now AND eventTime >= :since",
            "ProjectionExpression": wanted,
            "ExpressionAttributeValues": {
                ":set": {"S": self.manifest.set_id},
                ":first": {"S": after or folder},
                ":last": {"S": beyond},
                ":now": {"N": str(int(time.time()))},
                ":since": {"N": str(self.listing.since)},
            },
        }
        items = FIRST_PAGE_ITEMS
        while True:
            page = dynamodb.query(**request, Limit=items)
            keys, sizes = page[KEYS], page[SIZES]
            yield _without(keys, sizes, {after, itself, beyond})
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
            items = min(2 * items, LARGEST_PAGE_ITEMS)

    def _objects(self, after: str) -> Iterator[KeyBlock]:
        request = {"Bucket": self.manifest.upload.bucket, "Prefix": self.folder.prefix}
        if after:
            request["StartAfter"] = after
        while True:
            page = s3.list_objects_v2(**request)
            if page[KEYS]:
                yield page[KEYS], page[SIZES]
            if "NextContinuationToken" not in page:
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    @property
    def _sized_by_events(self) -> bool:
        return self.listing.rich and not self.verify_objects

    def _row(self, key: str) -> Mapping[str, Any] | None:
        """Return the row of *key*, unless it has expired or is of an earlier delivery."""
        answer = dynamodb.get_item(
            TableName=self.table,
            Key={"setId": {"S": self.manifest.set_id}, "objectKey": {"S": key}},
            ProjectionExpression="eventTime, expiresAt, objectSize",
        )
        row: Mapping[str, Any] | None = answer.get("Item")
        if row is None or int(row["expiresAt"]["N"]) <= time.time():
            return None
        return row if int(row["eventTime"]["N"]) >= self.listing.since else None

    def _size_bytes(self, key: str) -> int | None:
        if self.verify_objects:
            return self._object_bytes(key)
        row = self._row(key)
        return None if row is None else int(row["objectSize"]["N"])

    def _object_bytes(self, key: str) -> int | None:
        """Return the size of an object, or of a folder's; None if S3 has neither."""
        for prefix in (key, f"{key}/"):
            page = s3.list_objects_v2(Bucket=self.manifest.upload.bucket, Prefix=prefix, MaxKeys=1)
            keys, sizes = page[KEYS], page[SIZES]
            if keys and (keys[0] == key or prefix != key):
                size: int = sizes[0]
                return size
        return None


def _without(keys: list[str], sizes: list[int] | None, dropped: set[str]) -> KeyBlock:
    """Return a block without the few keys that are no data files of the dataset."""
    if dropped.isdisjoint(keys):
        return keys, sizes
    kept = [number for number, key in enumerate(keys) if key not in dropped]
    return (
        [keys[number] for number in kept],
        None if sizes is None else [sizes[number] for number in kept],
    )
