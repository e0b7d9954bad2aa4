"""A manifest's bytes -> the full S3 keys that it lists.

The plain form: a key a line, UTF-8, LF or CRLF; relative to the file share, or full S3
keys, as the first line shows. Blank and repeated lines, a leading ``./``, a trailing
slash and a byte order mark change nothing.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from handlers.dataset import SetFolder
from handlers.errors import ManifestError

MAX_LINE_BYTES = 4096
"""A key has at most 1,024; a longer line is no manifest, and must not fill the memory."""


def listed_keys(chunks: Iterable[bytes], folder: SetFolder) -> Iterator[str]:
    """Yield the full S3 key of each line, repeated ones too.

    Raises:
        ManifestError: A line cannot be read, lies outside *folder*, or there is none.
    """
    prefix = None
    for number, line in enumerate(_lines(chunks), start=1):
        path = _path(line, number)
        if not path:
            continue
        if prefix is None:
            prefix = "" if f"{path}/".startswith(folder.prefix) else folder.share_prefix
        key = f"{prefix}{path}"
        if not f"{key}/".startswith(folder.prefix):
            raise ManifestError(f"Line {number}, {path!r}, is not in the folder {folder.prefix!r}")
        yield key
    if prefix is None:
        raise ManifestError("The manifest is empty: it lists no file")


def _path(line: bytes, number: int) -> str:
    if number == 1:
        line = line.removeprefix(codecs.BOM_UTF8)
    try:
        text = line.removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise ManifestError(f"Line {number}, {line!r}, is not UTF-8: {error.reason}") from error
    return text.removeprefix("./").rstrip("/") if text.strip() else ""


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Split at LF only: other separators of Unicode are characters of a name."""
    number = 1
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        number += len(lines)
        yield from lines
        if len(rest) > MAX_LINE_BYTES:
            raise ManifestError(f"Line {number} is longer than {MAX_LINE_BYTES} bytes")
    yield rest
