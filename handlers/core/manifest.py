"""A manifest's bytes -> the entries that it lists: full S3 key, and size where it is told.

*Plain form*: a key a line. *Rich form*: a header line, then size and key a line::

    #vault-manifest 1 began=<Unix seconds> entries=<n> bytes=<n> sha256=<hex of what follows>
    <size in bytes> <key>

UTF-8, LF or CRLF; keys relative to the file share, or full S3 keys, as the first one
shows. Blank and repeated lines, a leading ``./``, a trailing slash and a byte order mark
change nothing.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from handlers.core.errors import ManifestError
from handlers.core.json_fields import MAX_KEY_BYTES
from handlers.core.naming import SetFolder

MAX_LINE_BYTES = 4096
"""A key has at most 1,024; a longer line is no manifest, and must not fill the memory."""

HEADER = re.compile(
    rb"#vault-manifest 1 began=(\d{1,12}) entries=(\d{1,12}) bytes=(\d{1,18}) sha256=([0-9a-f]{64})"
)
HEADER_START = b"#vault-manifest "

Entry = tuple[str, int | None]
"""A full S3 key, and its size in bytes in the rich form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a rich manifest says of itself."""

    began: int
    """When the vaulting began, in Unix seconds."""
    entries: int
    size_bytes: int
    sha256: str

    @classmethod
    def read(cls, line: bytes) -> Self | None:
        """Return the header that *line* is; None if the manifest is a plain one."""
        line = line.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")
        if not line.startswith(HEADER_START):
            return None
        found = HEADER.fullmatch(line)
        if found is None:
            raise ManifestError(
                f"The header {_shown(line)} is of no form that is known: write form 1"
            )
        began, entries, size_bytes, sha256 = found.groups()
        return cls(
            began=int(began),
            entries=int(entries),
            size_bytes=int(size_bytes),
            sha256=sha256.decode(),
        )


class Lines:
    """A manifest's lines, split at LF only, and what was seen of them.

    Other separators of Unicode are characters of a name.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""
        self.first = self._first_line()
        self.header = Header.read(self.first)
        self._hash = hashlib.sha256()
        self.number = 1
        """The number of the next block's first line."""
        self.size_bytes = 0
        """How much was read."""
        if self.header is not None:
            self._rest = self._rest[len(self.first) :]
            self.number = 2

    @property
    def start(self) -> int:
        """Where in the manifest the entries begin, in bytes."""
        return len(self.first) if self.header is not None else 0

    @property
    def sha256(self) -> str:
        """The digest of all that was read after a header."""
        return self._hash.hexdigest()

    def _digest(self, chunk: bytes) -> None:
        if self.header is not None:  # a plain manifest says no digest to compare with
            self._hash.update(chunk)

    def blocks(self) -> Iterator[bytes]:
        """Yield whole lines in blocks, without the last LF of each block."""
        self._digest(self._rest)
        self.size_bytes = self.start + len(self._rest)
        while True:
            block, newline, self._rest = self._rest.rpartition(b"\n")
            if newline:
                yield block
                self.number += block.count(b"\n") + 1
            self._refuse_long_line()
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._digest(chunk)
            self.size_bytes += len(chunk)
            self._rest += chunk
        if self._rest:
            yield self._rest

    def _first_line(self) -> bytes:
        while b"\n" not in self._rest and len(self._rest) <= MAX_LINE_BYTES:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._rest += chunk
        line, newline, _ = self._rest.partition(b"\n")
        return line + newline

    def _refuse_long_line(self) -> None:
        if len(self._rest) > MAX_LINE_BYTES:
            raise ManifestError(f"Line {self.number} is longer than {MAX_LINE_BYTES} bytes")


class Grammar:
    """Reads lines one by one, however untidy they are."""

    def __init__(self, folder: SetFolder, *, manifest_key: str, rich: bool) -> None:
        self._folder = folder.prefix
        self._share_prefix = folder.share_prefix
        self._itself = {manifest_key, folder.prefix.rstrip("/")}
        self._rich = rich
        self.prefix: str | None = None
        """What comes before each key to make it a full one; None before the first entry."""

    def entries(self, block: bytes, first: int) -> Iterator[Entry]:
        """Yield the entry of each line, repeated ones too, the manifest and its folder not.

        Raises:
            ManifestError: A line cannot be read, or lies outside the set's folder.
        """
        for number, line in enumerate(block.split(b"\n"), start=first):
            size_bytes, path = self._split(line, number)
            if not path:
                continue
            if self.prefix is None:
                full = f"{path}/".startswith(self._folder)
                self.prefix = "" if full else self._share_prefix
            key = f"{self.prefix}{path}"
            if not f"{key}/".startswith(self._folder):
                raise ManifestError(
                    f"Line {number}, {_shown(path)}, is not in the folder {self._folder!r}"
                )
            if "\0" in key or len(key.encode()) > MAX_KEY_BYTES:
                raise ManifestError(f"Line {number}, {_shown(path)}, cannot be an S3 key")
            if key not in self._itself:
                yield key, size_bytes

    def _split(self, line: bytes, number: int) -> tuple[int | None, str]:
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        try:
            text = line.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            raise ManifestError(
                f"Line {number}, {_shown(line)}, is not UTF-8: {error.reason}"
            ) from error
        if not text.strip():
            return None, ""
        if not self._rich:
            return None, _path(text)
        size, space, path = text.partition(" ")
        if not space or not size.isascii() or not size.isdigit():
            raise ManifestError(f"Line {number}, {_shown(text)}, is not a size, a space and a key")
        return int(size), _path(path)


def _shown(line: bytes | str) -> str:
    """Return so much of *line* that an operator finds it, and no payload is filled by it."""
    return repr(line[:200])


def _path(text: str) -> str:
    return text.removeprefix("./").rstrip("/")
