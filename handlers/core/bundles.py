"""Group uploads into few events: bundles of one dataset, and PutEvents calls of several entries.

One event per file would cost a dollar and a million invocations per million files.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.core.events import (
    DATA_UPLOADED,
    MANIFEST_UPLOADED,
    SOURCE,
    DataUploads,
    ManifestUpload,
    ObjectUpload,
)
from handlers.core.naming import FileKind

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

MAX_BUNDLE_BYTES = 200_000
MAX_CALL_BYTES = 240_000
MAX_CALL_ENTRIES = 10
"""https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """An upload, its dataset and kind, and the message that announced it."""

    message_id: str
    set_id: str
    kind: FileKind
    upload: ObjectUpload


@dataclass(frozen=True, slots=True, kw_only=True)
class BusEntry:
    """One event to publish, and the messages that fail if it is refused."""

    detail_type: str
    detail: str
    message_ids: Sequence[str]

    @property
    def size_bytes(self) -> int:
        """The entry's size as EventBridge counts it."""
        return len(SOURCE) + len(self.detail_type) + len(self.detail.encode())

    def request(self, bus_name: str) -> PutEventsRequestEntryTypeDef:
        """Return the entry in the form of PutEvents."""
        return {
            "Source": SOURCE,
            "DetailType": self.detail_type,
            "Detail": self.detail,
            "EventBusName": bus_name,
        }


def entries(classified: Iterable[Classified]) -> Iterator[BusEntry]:
    """Yield the events that announce *classified*, with data files in bundles."""
    datasets = defaultdict[tuple[str, str], list[Classified]](list)
    for each in classified:
        if each.kind is FileKind.MANIFEST:
            manifest = ManifestUpload(set_id=each.set_id, upload=each.upload)
            yield BusEntry(
                detail_type=MANIFEST_UPLOADED,
                detail=compact_json(manifest.detail()),
                message_ids=[each.message_id],
            )
        else:
            datasets[each.set_id, each.upload.bucket].append(each)
    for (set_id, bucket), members in datasets.items():
        for bundle in _bundled(members):
            uploads = DataUploads(
                set_id=set_id, bucket=bucket, uploads=[each.upload for each in bundle]
            )
            yield BusEntry(
                detail_type=DATA_UPLOADED,
                detail=compact_json(uploads.detail()),
                message_ids=[each.message_id for each in bundle],
            )


def calls(entries: Iterable[BusEntry]) -> Iterator[list[BusEntry]]:
    """Yield *entries* in groups that fit into one PutEvents call."""
    call: list[BusEntry] = []
    call_bytes = 0
    for entry in entries:
        size = entry.size_bytes
        if call and (len(call) == MAX_CALL_ENTRIES or call_bytes + size > MAX_CALL_BYTES):
            yield call
            call, call_bytes = [], 0
        call.append(entry)
        call_bytes += size
    if call:
        yield call


def compact_json(value: Mapping[str, Any]) -> str:
    """Return *value* as JSON without spaces and without escaping other alphabets."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _bundled(members: Sequence[Classified]) -> Iterator[list[Classified]]:
    first = members[0]
    frame = DataUploads(set_id=first.set_id, bucket=first.upload.bucket, uploads=[])
    frame_bytes = len(compact_json(frame.detail()).encode())
    bundle: list[Classified] = []
    bundle_bytes = frame_bytes
    for each in members:
        size = len(compact_json(each.upload.record()).encode()) + len(",")
        if bundle and bundle_bytes + size > MAX_BUNDLE_BYTES:
            yield bundle
            bundle, bundle_bytes = [], frame_bytes
        bundle.append(each)
        bundle_bytes += size
    yield bundle
