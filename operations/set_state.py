"""The present state of a dataset: arrivals by part, and every key that differs.

Import this module only after the AWS is chosen, like :mod:`operations.set_reading`.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from typing import Any

import boto3

from handlers.core.difference import Difference, DifferenceType, RemarkType
from operations.errors import NoManifestError, UnusableManifestError
from operations.set_reading import open_set
from operations.vault import Vault

RECENT_SECONDS = 600
"""The rate of arrival is the mean of these last seconds, or of those since the first arrival."""
LATE_SECONDS = 30
"""The delay between an upload and its row that is not a standstill."""
PAUSES = 3
"""A set stands still after this number of mean pauses without an arrival."""


@dataclass(slots=True)
class Part:
    """A folder directly in a set's folder, or the files directly in the set's folder."""

    arrived: int = 0
    """The listed files that were announced; without a usable manifest, all that were."""
    last_arrival: int = 0
    missing: int = 0


@dataclass(slots=True)
class Arrivals:
    """The rows of a dataset that have not expired, without those of its manifest and of folders."""

    times: array[int] = field(default_factory=lambda: array("q"))
    """The time at which each file was announced, in Unix seconds."""
    parts: dict[str, Part] = field(default_factory=dict)
    """By the folder's name with its slash; the empty name is for the set's own files."""
    manifest_time: int | None = None

    @property
    def first(self) -> int | None:
        """The first arrival, in Unix seconds."""
        return min(self.times, default=None)

    @property
    def last(self) -> int | None:
        """The last arrival, in Unix seconds."""
        return max(self.times, default=None)

    def is_recent(self, now: float) -> bool:
        """Return whether the first arrival was in the last ten minutes."""
        return self.first is not None and self.first > now - RECENT_SECONDS

    def a_minute(self, now: float) -> float:
        """Return the rate of the last ten minutes, or since the first arrival."""
        first = self.first
        if first is None:
            return 0.0
        return len(self._recent(now)) * 60 / max(1, min(RECENT_SECONDS, now - first))

    def stands_still(self, now: float) -> bool:
        """Return whether nothing has arrived for three times the mean pause between recent arrivals.

        A set does not stand still within 30 s of its last arrival. With fewer than two recent
        arrivals it does, because there is no pause to compare with.
        """
        recent = self._recent(now)
        if len(recent) < 2:
            return True
        pause = (max(recent) - min(recent)) / (len(recent) - 1)
        return now - max(recent) > max(PAUSES * pause, LATE_SECONDS)

    def _recent(self, now: float) -> list[int]:
        return [each for each in self.times if each > now - RECENT_SECONDS]

    def add(self, folder: str, key: str, arrived: int) -> None:
        """Add a file's row."""
        self.times.append(arrived)
        part = self.part(folder, key)
        part.arrived += 1
        part.last_arrival = max(part.last_arrival, arrived)

    def part(self, folder: str, key: str) -> Part:
        """Return the part of *folder* that contains *key*."""
        name, slash, _ = key.removeprefix(folder).partition("/")
        return self.parts.setdefault(f"{name}/" if slash else "", Part())


@dataclass(frozen=True, slots=True, kw_only=True)
class SetState:
    """The present state of a dataset."""

    set_id: str
    folder: str
    arrivals: Arrivals
    listed: int | None
    """The number of keys in the manifest; None without a usable manifest."""
    manifest_key: str | None
    manifest_modified: int | None
    manifest_problem: str | None = None
    """The reason why the manifest cannot be used."""
    differences: list[Difference]
    ignored: int

    @property
    def counts(self) -> dict[str, int]:
        """The number of keys that differ, by type."""
        counted = Counter(each.type for each in self.differences)
        return {each.value: counted[each] for each in DifferenceType}

    @property
    def missing(self) -> int:
        """The number of listed keys that were not announced."""
        return self.counts[DifferenceType.MISSING.value]

    @property
    def arrived(self) -> int:
        """The number of listed keys that were announced; without a usable manifest, of all files."""
        return len(self.arrivals.times) if self.listed is None else self.listed - self.missing

    def seconds_left(self, now: float) -> float | None:
        """Return the seconds left at the present rate; None if the set stands still."""
        if self.arrivals.stands_still(now):
            return None
        return self.missing * 60 / self.arrivals.a_minute(now)


def read_state(
    vault: Vault, set_id: str, *, share_prefix: str = "", on_row: Callable[[], None]
) -> SetState:
    """Read rows, manifest and objects; a set without a usable manifest has only arrivals."""
    folder = vault.folder(set_id, share_prefix=share_prefix)
    key = vault.manifest_key(set_id, share_prefix=share_prefix)
    try:
        with open_set(
            vault, set_id, share_prefix=share_prefix, verify_objects=vault.verify_objects
        ) as found:
            since = found.listing.since
            arrivals = read_arrivals(vault, set_id, folder, key, since=since, on_row=on_row)
            everything = list(found.differences())
            differences = [each for each in everything if isinstance(each, Difference)]
            missing = {each.key for each in differences if each.type is DifferenceType.MISSING}
            _count_listed(arrivals, folder, (name for name, _, _ in found.entries()), missing)
            return SetState(
                set_id=set_id,
                folder=folder,
                arrivals=arrivals,
                listed=found.listing.entries,
                manifest_key=key,
                manifest_modified=found.manifest.upload.event_time,
                differences=differences,
                ignored=sum(each.type is RemarkType.IGNORED for each in everything),
            )
    except (NoManifestError, UnusableManifestError) as error:
        problem = error.reason if isinstance(error, UnusableManifestError) else None
        return SetState(
            set_id=set_id,
            folder=folder,
            arrivals=read_arrivals(vault, set_id, folder, key, on_row=on_row),
            listed=None,
            manifest_key=key if problem else None,
            manifest_modified=None,
            manifest_problem=problem,
            differences=[],
            ignored=0,
        )


def _count_listed(
    arrivals: Arrivals, folder: str, listed: Iterable[str], missing: Container[str]
) -> None:
    """Count the *listed* keys in place of the rows, some of which the manifest may not list."""
    for part in arrivals.parts.values():
        part.arrived = 0
    for key in listed:
        part = arrivals.part(folder, key)
        if key in missing:
            part.missing += 1
        else:
            part.arrived += 1
    unlisted = [name for name, part in arrivals.parts.items() if not part.arrived + part.missing]
    for name in unlisted:
        del arrivals.parts[name]


def read_arrivals(
    vault: Vault,
    set_id: str,
    folder: str,
    manifest_key: str,
    *,
    since: int = 0,
    on_row: Callable[[], None],
) -> Arrivals:
    """Read the rows of a dataset; those before *since*, in Unix seconds, are of an earlier delivery.

    A gateway announces each folder like an empty file: it is a folder if a file in it has a row.
    """
    arrivals = Arrivals()
    request: Any = {
        "TableName": vault.upload_event_table_name,
        "KeyConditionExpression": "setId = :set AND begins_with(objectKey, :folder)",
        "FilterExpression": "expiresAt > :now",
        "ProjectionExpression": "objectKey, objectSize, eventTime",
        "ExpressionAttributeValues": {
            ":set": {"S": set_id},
            ":folder": {"S": folder},
            ":now": {"N": str(int(time.time()))},
        },
    }
    folders: set[str] = set()
    empty: dict[str, int] = {}
    for page in boto3.client("dynamodb").get_paginator("query").paginate(**request):
        for row in page["Items"]:
            key, arrived = row["objectKey"]["S"], int(row["eventTime"]["N"])
            on_row()
            if key == manifest_key:
                arrivals.manifest_time = arrived
            if key == manifest_key or arrived < since:
                continue
            _add_parents(folders, folder, key)
            if int(row["objectSize"]["N"]):
                arrivals.add(folder, key, arrived)
            else:
                empty[key] = arrived
    for key, arrived in empty.items():
        if key not in folders:
            arrivals.add(folder, key, arrived)
    return arrivals


def _add_parents(folders: set[str], folder: str, key: str) -> None:
    """Add each folder between *folder* and *key*."""
    parent = key.rpartition("/")[0]
    while len(parent) > len(folder) and parent not in folders:
        folders.add(parent)
        parent = parent.rpartition("/")[0]
