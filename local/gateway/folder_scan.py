"""The contents of a share's folder, and the files that have settled. It does not use AWS.

A file has settled if scans saw the same size, times and inode for the settling time. The
modification time is not sufficient, because ``cp -p`` copies it; if ``cp -p`` writes the same file
again, only the change time differs. A folder is compared by inode and birth time: its other times
change with its contents, and a folder that is made again may get the same inode.
"""

from __future__ import annotations

import ctypes
import logging
import os
import stat
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

logger = logging.getLogger(__name__)

MAX_KEY_BYTES = 1024  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html

Signature = tuple[int, int, int, int]


STATX = getattr(ctypes.CDLL(None), "statx", None)
"""https://man7.org/linux/man-pages/man2/statx.2.html; other systems lack it."""


@dataclass(frozen=True, slots=True)
class ScannedPath:
    """A file or folder; ``key`` is its path below the share, without a trailing slash."""

    key: str
    path: str
    is_folder: bool
    size_bytes: int
    modified_ns: int
    inode: int
    changed_ns: int = 0
    """The time of the last change of a file's inode; the birth time of a folder."""

    @property
    def signature(self) -> Signature:
        """The values that change when a file is written, or a folder is removed and made again."""
        modified_ns = 0 if self.is_folder else self.modified_ns
        return (self.size_bytes, modified_ns, self.inode, self.changed_ns)


class FolderScan:
    """Walks one folder. A name that cannot be a key is logged once and skipped."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._complained: set[str] = set()

    def entries(self) -> Iterator[ScannedPath]:
        """Yield everything below the root, folders before their contents.

        Raises:
            FileNotFoundError: The root does not exist.
        """
        pending = [(self.root, "")]
        while pending:
            folder, key_of_folder = pending.pop()
            for found in self._list(folder, is_root=not key_of_folder):
                entry = self._entry(found, key_of_folder)
                if entry is not None:
                    yield entry
                    if entry.is_folder:
                        pending.append((entry.path, f"{entry.key}/"))

    def _list(self, folder: str, *, is_root: bool) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                return list(found)
        except (FileNotFoundError, NotADirectoryError):
            if is_root:
                raise
            return []  # removed during the scan

    def _entry(self, found: os.DirEntry[str], key_of_folder: str) -> ScannedPath | None:
        key = key_of_folder + found.name
        try:
            info = found.stat(follow_symlinks=False)
            length = len(key.encode())
        except FileNotFoundError:
            return None
        except UnicodeEncodeError:
            self._complain(key, "its name is not UTF-8")
            return None
        is_folder = stat.S_ISDIR(info.st_mode)
        if not is_folder and not stat.S_ISREG(info.st_mode):
            self._complain(key, "it is neither a file nor a folder")
            return None
        if length + is_folder > MAX_KEY_BYTES:
            self._complain(key, f"its key is longer than {MAX_KEY_BYTES} bytes")
            return None
        size = 0 if is_folder else info.st_size
        changed_ns = birth_ns(found.path) if is_folder else info.st_ctime_ns
        return ScannedPath(
            key, found.path, is_folder, size, info.st_mtime_ns, info.st_ino, changed_ns
        )

    def _complain(self, key: str, reason: str) -> None:
        if key not in self._complained:
            self._complained.add(key)
            logger.warning("skipped %s: %s", ascii(key), reason)


def birth_ns(path: str) -> int:
    """Return the birth time of *path*, which ``os.stat`` lacks on Linux; 0 where it is not known."""
    if STATX is None:
        return 0
    at_fdcwd, at_symlink_nofollow, statx_btime, birth_at = -100, 0x100, 0x800, 80
    answer = ctypes.create_string_buffer(256)
    STATX(at_fdcwd, os.fsencode(path), at_symlink_nofollow, statx_btime, answer)
    seconds, nanoseconds = struct.unpack_from("qI", answer, birth_at)
    return int(seconds * 1_000_000_000 + nanoseconds)


class Settling:
    """Records the time of the last change of each entry, and the entries that are done."""

    def __init__(self, done: Mapping[str, ScannedPath]) -> None:
        self._since: dict[str, tuple[Signature, float]] = {}
        self._done = dict(done)

    def look(
        self, entries: Iterable[ScannedPath], *, now: float, settling_seconds: float
    ) -> tuple[list[ScannedPath], list[ScannedPath]]:
        """Return the settled entries that are not done, oldest first, and the entries that disappeared."""
        present = {entry.key: entry for entry in entries}
        before, self._since = self._since, {}
        settled = []
        for key, entry in present.items():
            signature, since = before.get(key, (None, now))
            if signature != entry.signature:
                since = now
            self._since[key] = (entry.signature, since)
            if now - since >= settling_seconds and not self._is_done(entry):
                settled.append(entry)
        settled.sort(key=lambda entry: self._since[entry.key][1])
        gone = [self._done.pop(key) for key in self._done.keys() - present.keys()]
        return settled, gone

    def done(self, entry: ScannedPath) -> None:
        """Mark *entry* as done until it changes."""
        self._done[entry.key] = entry

    def _is_done(self, entry: ScannedPath) -> bool:
        done = self._done.get(entry.key)
        return done is not None and done.signature == entry.signature
