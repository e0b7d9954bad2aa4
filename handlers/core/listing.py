"""Prepare a manifest for repeated reading: check it once, and sort it once if necessary.

A tidy manifest (sorted bytewise, without repetitions, with LF, without a slash at the end of a line
and without its own key) is read directly. For any other, a tidy copy is made in bounded memory.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from handlers.core import json_fields
from handlers.core.errors import ManifestError
from handlers.core.json_fields import MAX_KEY_BYTES, known_fields
from handlers.core.manifest import CLOCK_TOLERANCE_SECONDS, Header, Lines
from handlers.core.manifest_entries import EMPTY_FOLDER, Entry, Grammar, are_checksums
from handlers.core.naming import SetFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The place of the tidy entries, and what is known about them."""

    bucket: str
    key: str
    version_id: str
    manifest_version_id: str = ""
    """The version of the manifest itself; ``version_id`` differs if the entries are in a tidy copy."""
    start: int = 0
    """The offset of the first entry, in bytes."""
    end: int = 0
    """The offset of the end of the last entry, in bytes."""
    prefix: str = ""
    """The text before each key that makes it a full key."""
    rich: bool = False
    entries: int = 0
    checksum_algorithm: str | None = None
    """The algorithm of the checksums that form 2 lists; None in the other forms."""
    size_bytes: int = 0
    """The sum of the listed sizes; 0 in the plain form."""
    since: int = 0
    """Events before this time belong to an earlier delivery; Unix seconds, 0 for none."""

    @property
    def place(self) -> dict[str, str]:
        """The place of the object, as parameters of S3's GetObject."""
        return {"Bucket": self.bucket, "Key": self.key, "VersionId": self.version_id}

    def payload(self) -> dict[str, Any]:
        """Return the listing in the form of the state machine; names of fields are contracts."""
        return asdict(self)

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what :meth:`payload` wrote, in this release or another, or raise MalformedEventError."""
        place = {name: json_fields.text(payload, name) for name in ("bucket", "key", "version_id")}
        known = known_fields(cls, payload) | place
        return cls(
            **known
            | {"manifest_version_id": known.get("manifest_version_id") or known["version_id"]}
        )


DOTS = re.compile(r"/\.\.?(?:/|$)", re.MULTILINE)


def first_fields(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the text before the first space of each line, and the text after it.

    It makes no pair for each line, which would start the garbage collector.

    Raises:
        ValueError: A line has no space.
    """
    spaces = [line.index(" ") for line in lines]
    return (
        [line[:space] for line, space in zip(lines, spaces, strict=True)],
        [line[space + 1 :] for line, space in zip(lines, spaces, strict=True)],
    )


class _UntidyError(Exception):
    """The manifest needs a tidy copy."""


TidyCopy = Callable[[Iterator[Entry]], Listing]
"""A function that sorts entries, drops repetitions, stores the result, and returns its place."""


def prepare(
    read: Callable[[], Iterable[bytes]],
    itself: Listing,
    folder: SetFolder,
    *,
    arrived: int,
    tidy_copy: TidyCopy,
    content_verified: bool = False,
) -> Listing:
    """Check the whole manifest, which *read* opens, and return its listing.

    *itself* has the place of the manifest; the other fields are set here. *arrived* is the time at
    which the manifest arrived in S3, in Unix seconds by AWS's clock. If *content_verified*, the
    objects of a manifest with checksums are read or their checksums compared.

    Raises:
        ManifestError: It is empty, a line cannot be read, or it does not fit its header.
    """
    lines = Lines(read())
    if lines.header is not None:
        lines.header.require_no_skew(arrived)
    try:
        listing = _tidy(lines, itself, folder)
    except _UntidyError:
        lines = Lines(read())
        copy = tidy_copy(Grammar(lines, folder, manifest_key=itself.key).entries())
        listing = replace(
            copy,
            rich=lines.header is not None,
            checksum_algorithm=_algorithm(lines),
            manifest_version_id=itself.version_id,
        )
    if lines.header is not None:
        _fit(lines, lines.header, listing)
        since = _first_event_time(lines.header, content_verified=content_verified)
        listing = replace(listing, since=since)
    if not listing.entries:
        raise ManifestError("The manifest is empty: it lists no file")
    return listing


def _first_event_time(header: Header, *, content_verified: bool) -> int:
    """Return the time before which events belong to an earlier delivery; 0 for none.

    If content is verified, the delivery of an object does not matter.
    """
    if content_verified and header.checksum_algorithm is not None:
        return 0
    return max(0, header.began - CLOCK_TOLERANCE_SECONDS)


def _tidy(lines: Lines, itself: Listing, folder: SetFolder) -> Listing:
    """Return the listing of a manifest that can be read directly, or raise _UntidyError."""
    rich = lines.header is not None
    algorithm = _algorithm(lines)
    if rich and lines.first.endswith(b"\r\n"):
        raise _UntidyError
    entries = size_bytes = 0
    prefix: str | None = None
    last = ""
    for block in lines.blocks():
        try:
            text = block.decode()
            texts = text.split("\n")
            if rich:
                sizes, texts = first_fields(texts)
                if not all(map(str.isdecimal, sizes)) or not "".join(sizes).isascii():
                    raise _UntidyError
                size_bytes += sum(map(int, sizes))
                if algorithm is not None:
                    checksums, texts = first_fields(texts)
                    _require_checksums(checksums, sizes, algorithm)
        except ValueError as error:
            raise _UntidyError from error
        if prefix is None:
            full = texts[0].startswith(folder.prefix)
            prefix = "" if full else folder.share_prefix
        _require_tidy(text, texts, last, prefix, folder, itself.key)
        last = texts[-1]
        entries += len(texts)
    return replace(
        itself,
        start=lines.start,
        end=lines.size_bytes,
        prefix=prefix or "",
        rich=rich,
        checksum_algorithm=algorithm,
        entries=entries,
        size_bytes=size_bytes,
    )


def _algorithm(lines: Lines) -> str | None:
    return lines.header.checksum_algorithm if lines.header is not None else None


def _require_checksums(checksums: list[str], sizes: list[str], algorithm: str) -> None:
    """Raise _UntidyError unless each file has a checksum."""
    if not are_checksums(checksums, algorithm) or any(
        checksum == EMPTY_FOLDER and size != "0"
        for checksum, size in zip(checksums, sizes, strict=True)
    ):
        raise _UntidyError


def _require_tidy(
    text: str, texts: list[str], last: str, prefix: str, folder: SetFolder, manifest_key: str
) -> None:
    """Raise _UntidyError unless a block's paths are sorted, tidy and in the folder."""
    inside = folder.prefix.removeprefix(prefix)
    if (
        not last < texts[0]
        or not all(map(operator.lt, texts, texts[1:]))
        or not texts[0].startswith(inside)
        or not texts[-1].startswith(inside)
        or "\r" in text
        or "\0" in text
        or "//" in text
        or "/\n" in text
        or text.endswith("/")
        or DOTS.search(text)
        or manifest_key.removeprefix(prefix) in texts
        or len(prefix.encode()) + _longest_bytes(texts) > MAX_KEY_BYTES
    ):
        raise _UntidyError


def _longest_bytes(texts: list[str]) -> int:
    """Return an upper bound of the texts' sizes, which is exact if it is near the limit."""
    most = 4 * max(map(len, texts))
    return most if most < MAX_KEY_BYTES // 2 else max(len(text.encode()) for text in texts)


def _fit(lines: Lines, header: Header, listing: Listing) -> None:
    expected = {"entries": header.entries, "bytes": header.size_bytes, "sha256": header.sha256}
    found = {"entries": listing.entries, "bytes": listing.size_bytes, "sha256": lines.sha256}
    wrong = [
        f"{name}: {value} in the header, {found[name]} in the lines"
        for name, value in expected.items()
        if found[name] != value
    ]
    if wrong:
        raise ManifestError(
            f"The manifest does not fit its header: {'; '.join(wrong)}. Write it again with"
            " scripts/vault-data.sh"
        )
