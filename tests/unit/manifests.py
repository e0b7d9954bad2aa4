"""Manifests for tests: in any chunks, plain or rich, read as the first check reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise

from handlers.core.external_sort import Sorted, sorted_file
from handlers.core.listing import Listing, TidyEntries, prepare
from handlers.core.manifest_entries import Entry
from handlers.core.naming import SetFolder

ARRIVED = 1_604_579_690
"""When the manifest arrived in S3: a few seconds before its event."""
MANIFEST_KEY = "a-vaultjob/a.manifest"


def cut(content: bytes, places: Sequence[int] = ()) -> list[bytes]:
    """Cut *content* at *places*."""
    edges = [0, *sorted(place % (len(content) + 1) for place in places), len(content)]
    return [content[start:end] for start, end in pairwise(edges)]


def rich(
    lines: Sequence[tuple[int, str]], *, began: int = 1_604_579_000, newline: str = "\n"
) -> bytes:
    """Return a rich manifest of sizes and keys, its header as the contract has it."""
    body = "".join(f"{size} {key}{newline}" for size, key in lines).encode()
    header = (
        f"#vault-manifest 1 began={began} entries={len(set(lines))}"
        f" bytes={sum(size for size, _ in set(lines))}"
        f" sha256={hashlib.sha256(body).hexdigest()}{newline}"
    )
    return header.encode() + body


class Reading:
    """What the first check, and all the later ones, make of a manifest."""

    def __init__(
        self, chunks: Sequence[bytes], *, share_prefix: str = "", arrived: int = ARRIVED
    ) -> None:
        self.copied = False
        key = f"{share_prefix}{MANIFEST_KEY}"
        self._content = b"".join(chunks)
        self.listing = prepare(
            lambda: iter(chunks),
            Listing(bucket="bucket", key=key, version_id="v", manifest_version_id="v"),
            SetFolder.of_manifest(key),
            arrived=arrived,
            tidy_copy=self._keep,
        )

    def entries(self, *, chunk_bytes: int = 1_000_000) -> list[Entry]:
        """Return the entries as the merge reads them."""
        start, end = self.listing.start, self.listing.end
        chunks = [
            self._content[place : min(place + chunk_bytes, end)]
            for place in range(start, end, chunk_bytes)
        ]
        found: list[Entry] = []
        for keys, sizes in TidyEntries(chunks, self.listing, offset=start):
            found.extend(zip(keys, sizes or [None] * len(keys), strict=True))
        return found

    def keys(self) -> list[str]:
        """Return the entries' full keys."""
        return [key for key, _ in self.entries()]

    def _keep(self, entries: Iterator[Entry]) -> Listing:
        tidy: Sorted = sorted_file(entries)
        with tidy.file as file:
            self._content = file.read()
        self.copied = True
        return Listing(
            bucket="reports",
            key="copy",
            version_id="c",
            end=len(self._content),
            entries=tidy.entries,
            size_bytes=tidy.size_bytes,
        )
