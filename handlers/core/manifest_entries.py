"""The lines of a manifest -> its entries: full S3 keys, with sizes and checksums if it has them.

A manifest is UTF-8, with LF or CRLF throughout. All keys have the form of the first one: relative to
the file share, or full S3 keys. Blank and repeated lines, a leading ``./``, a trailing slash and a byte
order mark are ignored.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from handlers.core.errors import ManifestError
from handlers.core.json_fields import MAX_KEY_BYTES
from handlers.core.manifest import CHECKSUM_DIGITS, Lines, excerpt, lone_carriage_return
from handlers.core.naming import SetFolder


class Entry(NamedTuple):
    """A key in a manifest."""

    key: str
    """The full S3 key."""
    size_bytes: int | None
    """None in the plain form."""
    checksum: str | None = None
    """In form 2, lower-case hexadecimal digits, or EMPTY_FOLDER; None in the other forms."""


EMPTY_FOLDER = "-"
"""The checksum of a folder, which has no content."""
HEX_DIGITS = re.compile("[0-9a-f]*")

CHECKSUM_LINE = re.compile(
    r"\\?([0-9a-fA-F]{8}|[0-9a-fA-F]{32,128})[ \t]+\*?\S.*|[A-Z0-9/-]+ \(.+\) = [0-9a-fA-F]{8,128}",
    re.DOTALL,
)
"""The forms of sha256sum, cksum and BagIt: ``<hex>  name``, ``<hex> *name``, ``SHA256 (name) = <hex>``."""
WITHOUT_NAME = ("//", "/./", "/../")
"""Components that are empty, ``.`` or ``..``, each between two slashes."""


class Grammar:
    """Reads the entries of a manifest one by one, in any order."""

    def __init__(self, lines: Lines, folder: SetFolder, *, manifest_key: str) -> None:
        self._lines = lines
        self._folder = folder.prefix
        self._share_prefix = folder.share_prefix
        self._itself = {manifest_key, folder.prefix.rstrip("/")}
        self._prefix: str | None = None
        """The text before each key that makes it a full key; None before the first entry."""
        self._ends_in_crlf: bool | None = None

    def entries(self) -> Iterator[Entry]:
        """Yield the entry of each line, also of repeated ones, but not the manifest and its folder.

        Raises:
            ManifestError: A line cannot be read, or is outside the set's folder.
        """
        if self._lines.header is not None:
            self._without_line_end(self._lines.first.removesuffix(b"\n"), 1)
        for block in self._lines.blocks():
            lines = block.split(b"\n")
            for number, line in enumerate(lines, start=self._lines.number):
                is_cut = self._lines.is_cut and number == self._lines.number + len(lines) - 1
                text = _decoded(line if is_cut else self._without_line_end(line, number), number)
                if entry := self._entry(text, number):
                    yield entry

    def _without_line_end(self, line: bytes, number: int) -> bytes:
        crlf = line.endswith(b"\r")
        if self._ends_in_crlf is None:
            self._ends_in_crlf = crlf
        if crlf is not self._ends_in_crlf:
            ends = ("CRLF", "LF alone") if crlf else ("LF alone", "CRLF")
            raise ManifestError(
                f"Line {number}, {excerpt(line)}, ends in {ends[0]} and the lines before it in"
                f" {ends[1]}, so that a CR may be part of a name: end all lines alike"
            )
        return line[:-1] if crlf else line

    def _entry(self, text: str, number: int) -> Entry | None:
        if not text.strip():
            return None
        path, size_bytes, checksum = self._split(text, number)
        if not path:
            return None
        _refuse_path(path, number)
        if self._prefix is None:
            full = f"{path}/".startswith(self._folder)
            self._prefix = "" if full else self._share_prefix
        key = f"{self._prefix}{path}"
        if not f"{key}/".startswith(self._folder):
            raise ManifestError(f"Line {number}, {excerpt(text)}, {_misplaced(text, self._folder)}")
        if len(key.encode()) > MAX_KEY_BYTES:
            raise ManifestError(
                f"Line {number}, {excerpt(path)}, cannot be an S3 key: it has more than"
                f" {MAX_KEY_BYTES} bytes"
            )
        return None if key in self._itself else Entry(key, size_bytes, checksum)

    def _split(self, text: str, number: int) -> Entry:
        """Return the fields of a line, with its path in place of the key."""
        header = self._lines.header
        if header is None:
            return Entry(_path(text), None)
        size, space, path = text.partition(" ")
        if not space or not size.isascii() or not size.isdigit():
            raise ManifestError(f"Line {number}, {excerpt(text)}, is not a size, a space and a key")
        if header.checksum_algorithm is None:
            return Entry(_path(path), int(size))
        checksum, space, path = path.partition(" ")
        if not space or not are_checksums([checksum], header.checksum_algorithm):
            raise ManifestError(
                f"Line {number}, {excerpt(text)}, is not a size, a {header.checksum_algorithm} of"
                f" {CHECKSUM_DIGITS[header.checksum_algorithm]} lower-case hexadecimal digits"
                f" ({EMPTY_FOLDER!r} for an empty folder) and a key, with one space between"
            )
        _refuse_folder_with_content(text, checksum, int(size), path, number)
        return Entry(_path(path), int(size), checksum)


def are_checksums(texts: Sequence[str], algorithm: str) -> bool:
    """Return whether each of *texts* is a valid checksum of *algorithm* in form 2."""
    checksums = [text for text in texts if text != EMPTY_FOLDER]
    return (
        set(map(len, checksums)) <= {CHECKSUM_DIGITS[algorithm]}
        and HEX_DIGITS.fullmatch("".join(checksums)) is not None
    )


def _refuse_folder_with_content(
    text: str, checksum: str, size_bytes: int, path: str, number: int
) -> None:
    """Raise ManifestError for a file without a checksum, and for a folder with one."""
    if checksum == EMPTY_FOLDER and size_bytes:
        raise ManifestError(
            f"Line {number}, {excerpt(text)}, has {EMPTY_FOLDER!r} for the checksum of a file: only"
            " an empty folder, of size 0, has none"
        )
    if checksum != EMPTY_FOLDER and path.endswith("/"):
        raise ManifestError(
            f"Line {number}, {excerpt(text)}, has a checksum for a folder: write {EMPTY_FOLDER!r}"
        )


def _decoded(line: bytes, number: int) -> str:
    if number == 1:
        line = line.removeprefix(codecs.BOM_UTF8)
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"Line {number}, {excerpt(line)}, is not UTF-8: {error.reason}"
        ) from error


def _path(text: str) -> str:
    path = text.removeprefix("./")
    return path if path == "/" else path.removesuffix("/")


def _refuse_path(path: str, number: int) -> None:
    """Raise ManifestError for a path that cannot be the key of an uploaded file."""
    if "\r" in path:
        raise lone_carriage_return(number, path)
    if "\0" in path:
        raise ManifestError(f"Line {number}, {excerpt(path)}, has a NUL, which no name contains")
    for component in WITHOUT_NAME:
        if component in f"/{path}/":
            which = component.strip("/")
            raise ManifestError(
                f"Line {number}, {excerpt(path)}, has"
                f" {f'the component {which!r}' if which else 'an empty component'}:"
                " write the path as it is in the share"
            )


def _misplaced(text: str, folder: str) -> str:
    if CHECKSUM_LINE.fullmatch(text):
        return (
            "is a line of a checksum file, not of a manifest: remove the checksums,"
            " or write the manifest with scripts/vault-data.sh"
        )
    return f"is not in the folder {folder!r}"
