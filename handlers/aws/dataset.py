"""S3 and DynamoDB -> the three sorted streams of a dataset, and lookups of single keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from handlers.aws.object_chunks import object_chunks
from handlers.aws.pages import FIRST_ETAG, KEYS, SIZES, object_pages, page_session
from handlers.core.difference import Difference, DifferenceType
from handlers.core.events import ManifestUpload
from handlers.core.json_fields import MAX_KEY_BYTES
from handlers.core.listing import Listing
from handlers.core.merge import Merge
from handlers.core.naming import SetFolder
from handlers.core.progress import Progress
from handlers.core.sorted_stream import EmptyPage, KeyBlock, SortedStream
from handlers.core.tidy_entries import TidyEntries

FIRST_PAGE_ITEMS = 250
"""Most checks stop soon, so the first page is small; each further page is twice as large."""
LARGEST_PAGE_ITEMS = 100_000
"""More rows than a page's 1 MB can hold, and far below the largest int32."""

_session = page_session()
_config = Config(retries={"mode": "standard", "max_attempts": 5})
dynamodb: Any = _session.create_client("dynamodb", config=_config)
s3: Any = _session.create_client("s3", config=_config)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset, as the manifest, the table and the bucket contain it."""

    manifest: ManifestUpload
    listing: Listing
    table: str
    verify_objects: bool
    """True if S3 is read as well."""
    ignored: Callable[[str], bool]
    """Returns whether an unexpected key has a name that the settings ignore."""

    @property
    def folder(self) -> SetFolder:
        """The folder that contains the dataset's objects."""
        return SetFolder.of_manifest(self.manifest.upload.key)

    def open_merge(self, progress: Progress) -> tuple[Merge, Callable[[], int]]:
        """Open the streams at *progress*; the second result returns the offset in the manifest."""
        offset = max(progress.offset, self.listing.start)
        entries = TidyEntries(self._chunks(offset), self.listing, offset=offset)
        listed = SortedStream(iter(entries))
        rows = self._announced(max(progress.after, progress.through))
        merge = Merge(
            listed=listed,
            announced=SortedStream(rows),
            objects=SortedStream(self._objects(progress.after)) if self.verify_objects else None,
            ignored=self.ignored,
        )
        merge.take_up(progress.after, progress.held)
        return merge, lambda: entries.offset_of(listed.at)

    def cleared(self, difference: Difference) -> bool:
        """Look up the key of *difference* again; return whether the difference is resolved."""
        key = difference.key
        match difference.type:
            case DifferenceType.MISSING:
                return self._row(key) is not None
            case DifferenceType.UNEXPECTED:
                if self._row(key) is None:
                    return True
                return self.verify_objects and not self._stored(key, as_file=True)[0]
            case DifferenceType.ABSENT:
                return self._stored(key, as_file=bool(difference.listed_bytes))[0]
            case DifferenceType.SIZE_MISMATCH:
                return self._size_agrees(difference)
            case DifferenceType.CHECKSUM_MISMATCH:
                return self._etag(key) != difference.etag

    def announced_since(self, event_time: int) -> Iterator[str]:
        """Yield in order the keys announced at or after *event_time*, in Unix seconds."""
        for block in self._announced("", since=event_time):
            if not isinstance(block, EmptyPage):
                yield from block[0]

    def _chunks(self, offset: int) -> Iterator[bytes]:
        return object_chunks(s3, self.listing.place, start=offset, end=self.listing.end)

    def _announced(self, after: str, *, since: int = 0) -> Iterator[KeyBlock | EmptyPage]:
        """Read the rows that have not expired; a stale page only delays the result."""
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
                ":first": {"S": folder},
                ":last": {"S": beyond},
                ":now": {"N": str(int(time.time()))},
                ":since": {"N": str(max(since, self.listing.since))},
            },
        }
        if after:
            request["ExclusiveStartKey"] = {
                "setId": {"S": self.manifest.set_id},
                "objectKey": {"S": after},
            }
        items = FIRST_PAGE_ITEMS
        while True:
            page = dynamodb.query(**request, Limit=items)
            keys, sizes = _without(page[KEYS], page[SIZES], {itself, beyond})
            last = page.get("LastEvaluatedKey")
            if keys:
                yield keys, sizes
            elif last is not None:
                yield EmptyPage(last["objectKey"]["S"])
            if last is None:
                return
            request["ExclusiveStartKey"] = last
            items = min(2 * items, LARGEST_PAGE_ITEMS)

    def _objects(self, after: str) -> Iterator[KeyBlock]:
        request = {"Bucket": self.manifest.upload.bucket, "Prefix": self.folder.prefix}
        if after:
            request["StartAfter"] = after
        itself = {self.manifest.upload.key}
        for page in object_pages(s3, **request):
            keys, sizes = _without(page[KEYS], page[SIZES], itself)
            if keys:
                yield keys, sizes

    @property
    def _sized_by_events(self) -> bool:
        return self.listing.rich and not self.verify_objects

    def _row(self, key: str) -> Mapping[str, Any] | None:
        """Return the row of *key*, unless it has expired or belongs to an earlier delivery."""
        answer = dynamodb.get_item(
            TableName=self.table,
            Key={"setId": {"S": self.manifest.set_id}, "objectKey": {"S": key}},
            ProjectionExpression="eventTime, expiresAt, objectSize",
        )
        row: Mapping[str, Any] | None = answer.get("Item")
        if row is None or int(row["expiresAt"]["N"]) <= time.time():
            return None
        return row if int(row["eventTime"]["N"]) >= self.listing.since else None

    def _size_agrees(self, difference: Difference) -> bool:
        """Return whether a listed key exists with its size; a folder without a marker has no size."""
        if not self.verify_objects:
            row = self._row(difference.key)
            return row is not None and int(row["objectSize"]["N"]) == difference.listed_bytes
        in_s3, size = self._stored(difference.key, as_file=bool(difference.listed_bytes))
        return in_s3 and size in (None, difference.listed_bytes)

    def _etag(self, key: str) -> str | None:
        """Return the ETag of the newest version; None if no object has that key."""
        page = s3.list_objects_v2(Bucket=self.manifest.upload.bucket, Prefix=key, MaxKeys=1)
        found: str | None = page[FIRST_ETAG] if page[KEYS] == [key] else None
        return found

    def _stored(self, key: str, *, as_file: bool) -> tuple[bool, int | None]:
        """Return whether S3 has *key*, and its size; unless *as_file*, a folder counts as well."""
        for prefix in (key,) if as_file else (key, f"{key}/"):
            if len(prefix.encode()) > MAX_KEY_BYTES:
                break  # no object can have such a key, and S3 refuses the prefix
            page = s3.list_objects_v2(Bucket=self.manifest.upload.bucket, Prefix=prefix, MaxKeys=1)
            keys, sizes = page[KEYS], page[SIZES]
            if keys and keys[0] == prefix:
                return True, sizes[0]
            if keys and prefix != key:
                return True, None
        return False, None


def _without(keys: list[str], sizes: list[int] | None, dropped: set[str]) -> KeyBlock:
    """Return a block without the *dropped* keys, which are not data files of the dataset."""
    if dropped.isdisjoint(keys):
        return keys, sizes
    kept = [number for number, key in enumerate(keys) if key not in dropped]
    return (
        [keys[number] for number in kept],
        None if sizes is None else [sizes[number] for number in kept],
    )
