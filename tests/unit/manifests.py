"""Manifests for tests: in any chunks, plain or rich, read like the first check."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from awscrt.checksums import crc64nvme

from handlers.core.external_sort import Sorted, sorted_file
from handlers.core.listing import Listing, prepare
from handlers.core.manifest_entries import Entry
from handlers.core.naming import SetFolder
from handlers.core.tidy_entries import TidyEntries

ARRIVED = 1_604_579_690
"""The arrival of the manifest in S3: a few seconds before its event."""
MANIFEST_KEY = "a-vaultjob/a.manifest"
HASHES: dict[str, Callable[[bytes], str]] = {
    "crc64nvme": lambda content: f"{crc64nvme(content):016x}",
    "sha256": lambda content: hashlib.sha256(content).hexdigest(),
}
"""The checksum in a manifest of form 2, by algorithm."""


def cut(content: bytes, places: Sequence[int] = ()) -> list[bytes]:
    """Cut *content* at *places*."""
    edges = [0, *sorted(place % (len(content) + 1) for place in places), len(content)]
    return [content[start:end] for start, end in pairwise(edges)]


def rich(
    lines: Sequence[tuple[int, str]], *, began: int = 1_604_579_000, newline: str = "\n"
) -> bytes:
    """Return a rich manifest of sizes and keys, with a header by the contract."""
    body = "".join(f"{size} {key}{newline}" for size, key in lines).encode()
    sizes = [size for size, _ in set(lines)]
    return _header(1, began, sizes, body, newline) + body


def checksummed(
    entries: Sequence[Entry], *, algorithm: str, began: int = 1_604_579_000, newline: str = "\n"
) -> bytes:
    """Return a manifest of form 2, with a header by the contract."""
    body = "".join(
        f"{entry.size_bytes} {entry.checksum} {entry.key}{newline}" for entry in entries
    ).encode()
    sizes = [entry.size_bytes or 0 for entry in set(entries)]
    return _header(2, began, sizes, body, newline, f" checksum={algorithm}") + body


def _header(
    form: int, began: int, sizes: Sequence[int], body: bytes, newline: str, checksum: str = ""
) -> bytes:
    return (
        f"#vault-manifest {form} began={began} entries={len(sizes)} bytes={sum(sizes)}{checksum}"
        f" sha256={hashlib.sha256(body).hexdigest()}{newline}"
    ).encode()


class Reading:
    """The first check's listing of a manifest, and the entries that later checks read."""

    def __init__(
        self,
        chunks: Sequence[bytes],
        *,
        share_prefix: str = "",
        arrived: int = ARRIVED,
        content_verified: bool = False,
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
            content_verified=content_verified,
        )

    def entries(self, *, chunk_bytes: int = 1_000_000) -> list[Entry]:
        """Return the entries in the form for the merge."""
        start, end = self.listing.start, self.listing.end
        chunks = [
            self._content[place : min(place + chunk_bytes, end)]
            for place in range(start, end, chunk_bytes)
        ]
        return list(TidyEntries(chunks, self.listing, offset=start).entries())

    def keys(self) -> list[str]:
        """Return the entries' full keys."""
        return [entry.key for entry in self.entries()]

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
