"""Upload events of a share in AWS's documented form. They are unordered, and some are sent twice.

Source: https://docs.aws.amazon.com/filegateway/latest/files3/monitoring-file-gateway.html
("Getting file upload notification").
"""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random

from local.gateway.file_shares import FileShare
from local.gateway.folder_scan import ScannedPath
from local.gateway.requests import Json

Emit = Callable[[FileShare, Sequence[Json]], None]

ENTRIES_PER_CALL = 10  # the maximum of PutEvents
SPREAD_SECONDS = 2.0
TWICE = 0.05  # the fraction of events that are sent twice


def upload_event(share: FileShare, entry: ScannedPath, *, key_has_prefix: bool) -> Json:
    """Return the event for the complete upload of *entry*; a folder has no slash and size 0.

    AWS does not document whether the key includes the share's prefix, so the caller chooses.
    """
    modified = datetime.fromtimestamp(entry.modified_ns // 1_000_000_000, UTC)
    detail = {
        "object-size": entry.size_bytes,
        "modification-time": modified.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "object-key": (share.prefix if key_has_prefix else "") + entry.key,
        "event-type": "object-upload-complete",
        "prefix": share.prefix,
        "bucket-name": share.bucket,
    }
    return {
        "Source": "aws.storagegateway",
        "DetailType": "Storage Gateway Object Upload Event",
        "Resources": [share.arn, share.gateway_arn, f"arn:aws:s3:::{share.bucket}"],
        "Detail": json.dumps(detail, ensure_ascii=False),
    }


class Announcer:
    """Delays each event by a random time up to *spread_seconds*, and sends a few events twice."""

    def __init__(
        self,
        emit: Emit,
        random: Random,
        *,
        announced: Callable[[Sequence[ScannedPath]], None] = lambda entries: None,
        spread_seconds: float = SPREAD_SECONDS,
        twice: float = TWICE,
    ) -> None:
        """*announced* is called with the emitted entries."""
        self._emit = emit
        self._announced = announced
        self._random = random
        self._spread_seconds = spread_seconds
        self._twice = twice
        self._order = itertools.count()  # breaks ties: events themselves have no order
        self._due: list[tuple[float, int, Json, ScannedPath]] = []

    def add(self, share: FileShare, entry: ScannedPath, *, now: float) -> None:
        """Schedule the announcement of *entry*."""
        event = upload_event(share, entry, key_has_prefix=self._random.random() < 0.5)
        for _ in range(2 if self._random.random() < self._twice else 1):
            due = now + self._random.uniform(0, self._spread_seconds)
            heapq.heappush(self._due, (due, next(self._order), event, entry))

    def flush(self, share: FileShare, *, now: float) -> None:
        """Emit the events that are due at *now*."""
        ready = []
        while self._due and self._due[0][0] <= now:
            ready.append(heapq.heappop(self._due)[2:])
        for start in range(0, len(ready), ENTRIES_PER_CALL):
            some = ready[start : start + ENTRIES_PER_CALL]
            self._emit(share, [event for event, _ in some])
            self._announced([entry for _, entry in some])
