"""Entries in any order -> a sorted file without repetitions, in bounded memory."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import IO

from handlers.core.errors import ManifestError
from handlers.core.manifest_entries import Entry

RUN_ENTRIES = 200_000
"""The number of entries that are sorted in memory at a time; about 40 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """A sorted file, open for reading, and the number and size of its entries."""

    file: IO[bytes]
    entries: int
    size_bytes: int


def sorted_file(entries: Iterator[Entry]) -> Sorted:
    """Write *entries* as tidy lines: ``key``, ``size key`` or ``size checksum key``.

    Raises:
        ManifestError: A key is listed with two sizes or checksums, or the scratch disk is too small.
    """
    try:
        return _sorted_file(entries)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise ManifestError(
            "The manifest is too large to be sorted here: write it with scripts/vault-data.sh,"
            " or in the bytewise order of its keys (without sizes: LC_ALL=C sort), with LF"
        ) from error


def _sorted_file(entries: Iterator[Entry]) -> Sorted:
    with ExitStack() as scratch:
        target = tempfile.TemporaryFile()  # noqa: SIM115 - the caller reads and closes it
        scratch.callback(target.close)
        runs = scratch.enter_context(ExitStack())
        count = size_bytes = 0
        for key, fields in _unique(_in_order(entries, runs)):
            target.write(b"%b%b\n" % (fields, key))
            count += 1
            size_bytes += int(fields.partition(b" ")[0] or 0)
        runs.close()
        scratch.pop_all()
    target.seek(0)
    return Sorted(file=target, entries=count, size_bytes=size_bytes)


def _in_order(entries: Iterator[Entry], scratch: ExitStack) -> Iterator[bytes]:
    """Return the entries as sortable lines: a key, a NUL, and the other fields."""
    runs: list[Iterable[bytes]] = []
    while run := sorted(map(_line, islice(entries, RUN_ENTRIES))):
        if len(run) < RUN_ENTRIES and not runs:
            return iter(run)
        runs.append(scratch.enter_context(_spilled(run)))
    return merge(*runs)


def _spilled(run: list[bytes]) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - entered by the caller
    file.writelines(run)
    file.seek(0)
    return file


def _line(entry: Entry) -> bytes:
    fields = "".join(f"{field} " for field in entry[1:] if field is not None)
    return f"{entry.key}\0{fields}\n".encode()


def _unique(lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    last_key, last_fields = None, b""
    for line in lines:
        key, _, fields = line.rstrip(b"\n").partition(b"\0")
        if key != last_key:
            yield key, fields
        elif fields != last_fields:
            raise ManifestError(
                f"{key.decode()!r} is listed with two sizes or checksums:"
                f" {last_fields.decode()!r} and {fields.decode()!r}"
            )
        last_key, last_fields = key, fields
