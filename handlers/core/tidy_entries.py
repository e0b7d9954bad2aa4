"""Chunks of a tidy manifest or copy -> blocks of keys and sizes, which the merge compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat

from handlers.core.errors import ManifestError
from handlers.core.listing import Listing, first_fields
from handlers.core.manifest_entries import Entry
from handlers.core.sorted_stream import KeyBlock


class TidyEntries:
    """The entries of a tidy manifest or copy, in blocks that begin at an offset."""

    def __init__(self, chunks: Iterable[bytes], listing: Listing, *, offset: int) -> None:
        self._chunks = chunks
        self._prefix = listing.prefix
        self._rich = listing.rich
        self._has_checksums = listing.checksum_algorithm is not None
        self._checksums: list[str] | None = None
        self._offset = offset
        self._lines: list[str] = []
        self._bytes = 0
        self._blocks = self._read()

    def __iter__(self) -> Iterator[KeyBlock]:
        return self._blocks

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of the lines, one by one."""
        for keys, sizes in self:
            yield from map(Entry, keys, sizes or repeat(None), self._checksums or repeat(None))

    def offset_of(self, number: int) -> int:
        """Return the offset in the manifest of line *number* of the current block."""
        return self._offset + sum(len(line.encode()) + 1 for line in self._lines[:number])

    def _read(self) -> Iterator[KeyBlock]:
        rest = b""
        for chunk in self._chunks:
            whole, newline, rest = _at_last_newline(rest + chunk)
            if newline:
                yield self._block(whole)
        if rest:
            yield self._block(rest)
        self._block(b"")

    def _block(self, whole: bytes) -> KeyBlock:
        self._offset += self._bytes
        self._bytes = len(whole) + 1
        try:
            return self._parsed(whole)
        except ValueError as error:
            raise ManifestError(
                f"The lines from byte {self._offset} on cannot be read: {error}"
            ) from error

    def _parsed(self, whole: bytes) -> KeyBlock:
        self._lines = whole.decode().split("\n") if whole else []
        if self._rich:
            sizes, keys = first_fields(self._lines)
            if self._has_checksums:
                self._checksums, keys = first_fields(keys)
            if self._prefix:
                keys = [self._prefix + key for key in keys]
            return keys, list(map(int, sizes))
        if self._prefix:
            return [self._prefix + line for line in self._lines], None
        return self._lines, None


def _at_last_newline(text: bytes) -> tuple[bytes, bytes, bytes]:
    whole, newline, rest = text.rpartition(b"\n")
    return whole, newline, rest
