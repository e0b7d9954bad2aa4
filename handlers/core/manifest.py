"""A manifest's bytes -> its header and its lines, in bounded memory.

*Plain form*: a key a line. *Rich form 1*: a header line, then size and key a line::

    #vault-manifest 1 began=<Unix seconds> entries=<n> bytes=<n> sha256=<hex of what follows>
    <size in bytes> <key>

*Rich form 2*: its header also names the algorithm of the checksum in each line::

    #vault-manifest 2 began=<...> entries=<n> bytes=<n> checksum=<algorithm> sha256=<...>
    <size in bytes> <checksum, or - for an empty folder> <key>

:mod:`handlers.core.manifest_entries` reads the lines.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from handlers.core.errors import ManifestError

MAX_LINE_BYTES = 4096
"""Longer than any key, which has at most 1,024 bytes, and short enough for memory."""

CHECKSUM_DIGITS = {"crc64nvme": 16, "sha256": 64}
"""The algorithms of form 2, and the number of hexadecimal digits of their checksums."""
FIELDS = (
    r"#vault-manifest {} began=(?P<began>\d{{1,12}}) entries=(?P<entries>\d{{1,12}})"
    r" bytes=(?P<size_bytes>\d{{1,18}}){} sha256=(?P<sha256>[0-9a-f]{{64}})"
)
HEADERS = {
    "1": re.compile(FIELDS.format(1, ""), re.ASCII),
    "2": re.compile(FIELDS.format(2, r" checksum=(?P<checksum>[!-~]+)"), re.ASCII),
}
CLOCK_TOLERANCE_SECONDS = 120
"""The time by which the clock of the vaulting client may be ahead of AWS's."""
HEADER_START = b"#vault-manifest "


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of a rich manifest."""

    began: int
    """The time at which the vaulting began, in Unix seconds."""
    entries: int
    size_bytes: int
    sha256: str
    checksum_algorithm: str | None = None
    """A key of CHECKSUM_DIGITS in form 2; None in form 1."""

    @classmethod
    def read(cls, line: bytes) -> Self | None:
        """Return the header in *line*; None if the manifest has the plain form.

        Raises:
            ManifestError: The line begins like a header but is not one.
        """
        line = line.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")
        if not line.startswith(HEADER_START):
            return None
        text = line.decode(errors="replace")
        form = text.removeprefix(HEADER_START.decode()).partition(" ")[0]
        found = HEADERS[form].fullmatch(text) if form in HEADERS else None
        if found is None:
            expected = f"a header of form {form}" if form in HEADERS else "a header of form 1 or 2"
            raise ManifestError(
                f"Line 1, {excerpt(line)}, is not {expected}: write the manifest with"
                " scripts/vault-data.sh, or without a header"
            )
        algorithm = found.groupdict().get("checksum")
        if algorithm is not None and algorithm not in CHECKSUM_DIGITS:
            raise ManifestError(
                f"Line 1, {excerpt(line)}, names the checksum {excerpt(algorithm)}: use"
                f" {' or '.join(CHECKSUM_DIGITS)}"
            )
        return cls(
            began=int(found["began"]),
            entries=int(found["entries"]),
            size_bytes=int(found["size_bytes"]),
            sha256=found["sha256"],
            checksum_algorithm=algorithm,
        )

    def require_no_skew(self, arrived: int) -> None:
        """Raise ManifestError if the vaulting began after the manifest *arrived*.

        Then the client's clock is ahead of AWS's, and uploads of this delivery would count as those
        of an earlier one.
        """
        ahead_seconds = self.began - arrived
        if ahead_seconds > CLOCK_TOLERANCE_SECONDS:
            raise ManifestError(
                f"By its header, the vaulting began {ahead_seconds} seconds after the"
                f" manifest arrived in S3 (began={self.began}, arrived at {arrived}): the client's"
                " clock is ahead. Correct it, and vault the set again with --new"
            )


class Lines:
    """The lines of a manifest, split at LF only, with counts of what was read.

    Unicode's other line separators are characters of a name.

    Raises:
        ManifestError: The first line is a wrong header, or UTF-16.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""
        self.first = self._first_line()
        _refuse_utf_16(self.first)
        self.header = Header.read(self.first)
        self._hash = hashlib.sha256()
        self.number = 1
        """The number of the first line of the next block."""
        self.size_bytes = 0
        """The number of bytes read."""
        self.is_cut = False
        """True if the last line of the block is the manifest's last line and has no LF."""
        if self.header is not None:
            self._rest = self._rest[len(self.first) :]
            self.number = 2

    @property
    def start(self) -> int:
        """The offset of the first entry in the manifest, in bytes."""
        return len(self.first) if self.header is not None else 0

    @property
    def sha256(self) -> str:
        """The digest of everything that was read after a header."""
        return self._hash.hexdigest()

    def _digest(self, chunk: bytes) -> None:
        if self.header is not None:  # a plain manifest has no digest to compare with
            self._hash.update(chunk)

    def blocks(self) -> Iterator[bytes]:
        """Yield whole lines in blocks, without the last LF of each block.

        Raises:
            ManifestError: A line is too long.
        """
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
            self.is_cut = True
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
            if b"\r" in self._rest[:MAX_LINE_BYTES]:
                raise lone_carriage_return(self.number, self._rest)
            raise ManifestError(f"Line {self.number} is longer than {MAX_LINE_BYTES} bytes")


def excerpt(line: bytes | str) -> str:
    """Return the beginning of *line*, so that an error fits into a payload."""
    return repr(line[:200])


def lone_carriage_return(number: int, line: bytes | str) -> ManifestError:
    """Return the error for a line with a CR that no LF follows."""
    return ManifestError(
        f"Line {number}, {excerpt(line)}, has a CR without an LF after it: end each line in LF or in"
        " CRLF, and rename files that have a CR in their names"
    )


def _refuse_utf_16(first: bytes) -> None:
    """Raise ManifestError if the first line has UTF-16's byte order mark or its NULs."""
    head = first[:64]
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    every_other_is_nul = any(head) and not (any(head[0::2]) and any(head[1::2]))
    if marked or (len(head) >= 4 and every_other_is_nul):
        raise ManifestError(
            "Line 1 is UTF-16: save the manifest as UTF-8 (in PowerShell: Set-Content -Encoding utf8)"
        )
