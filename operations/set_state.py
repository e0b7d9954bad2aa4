"""The present state of a dataset: arrivals by part, and every key that differs.

Import this module only after the AWS is chosen, like :mod:`operations.set_reading`.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3

from handlers.core.difference import Difference, DifferenceType, RemarkType
from operations.errors import NoManifestError, UnusableManifestError
from operations.set_reading import open_set
from operations.vault import Vault

RATE_SECONDS = 600
"""The rate of arrival is the mean of this number of last seconds."""


@dataclass(slots=True)
class Part:
    """A folder directly in a set's folder, or the files directly in the set's folder."""

    rows: int = 0
    last_arrival: int = 0
    missing: int = 0


@dataclass(slots=True)
class Arrivals:
    """The rows of a dataset that have not expired."""

    times: array[int] = field(default_factory=lambda: array("q"))
    """The time at which each object was announced, in Unix seconds, in the order of the keys."""
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

    def a_minute(self, now: float) -> float:
        """Return the number of objects a minute that arrived recently."""
        recent = sum(each > now - RATE_SECONDS for each in self.times)
        return recent * 60 / RATE_SECONDS


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


def read_state(
    vault: Vault, set_id: str, *, share_prefix: str = "", on_row: Callable[[], None]
) -> SetState:
    """Read rows, manifest and objects; a set without a usable manifest has only arrivals."""
    folder = vault.folder(set_id, share_prefix=share_prefix)
    key = vault.manifest_key(set_id, share_prefix=share_prefix)
    arrivals = read_arrivals(vault, set_id, folder, key, on_row=on_row)
    try:
        with open_set(
            vault, set_id, share_prefix=share_prefix, verify_objects=vault.verify_objects
        ) as found:
            everything = list(found.differences())
            listed = found.listing.entries
            modified = found.manifest.upload.event_time
    except (NoManifestError, UnusableManifestError) as error:
        problem = error.reason if isinstance(error, UnusableManifestError) else None
        return SetState(
            set_id=set_id,
            folder=folder,
            arrivals=arrivals,
            listed=None,
            manifest_key=key if problem else None,
            manifest_modified=None,
            manifest_problem=problem,
            differences=[],
            ignored=0,
        )
    differences = [each for each in everything if isinstance(each, Difference)]
    for each in differences:
        if each.type is DifferenceType.MISSING:
            _part(arrivals, folder, each.key).missing += 1
    return SetState(
        set_id=set_id,
        folder=folder,
        arrivals=arrivals,
        listed=listed,
        manifest_key=key,
        manifest_modified=modified,
        differences=differences,
        ignored=sum(each.type is RemarkType.IGNORED for each in everything),
    )


def read_arrivals(
    vault: Vault, set_id: str, folder: str, manifest_key: str, *, on_row: Callable[[], None]
) -> Arrivals:
    """Read the rows of a dataset."""
    arrivals = Arrivals()
    request: Any = {
        "TableName": vault.upload_event_table_name,
        "KeyConditionExpression": "setId = :set AND begins_with(objectKey, :folder)",
        "FilterExpression": "expiresAt > :now",
        "ProjectionExpression": "objectKey, eventTime",
        "ExpressionAttributeValues": {
            ":set": {"S": set_id},
            ":folder": {"S": folder},
            ":now": {"N": str(int(time.time()))},
        },
    }
    for page in boto3.client("dynamodb").get_paginator("query").paginate(**request):
        for row in page["Items"]:
            key, arrived = row["objectKey"]["S"], int(row["eventTime"]["N"])
            on_row()
            if key == manifest_key:
                arrivals.manifest_time = arrived
                continue
            arrivals.times.append(arrived)
            part = _part(arrivals, folder, key)
            part.rows += 1
            part.last_arrival = max(part.last_arrival, arrived)
    return arrivals


def _part(arrivals: Arrivals, folder: str, key: str) -> Part:
    name, slash, _ = key.removeprefix(folder).partition("/")
    return arrivals.parts.setdefault(f"{name}/" if slash else "", Part())
