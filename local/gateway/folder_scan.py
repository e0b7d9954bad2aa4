"""What lies in a share's folder, and which of it has come to rest: local only, no AWS.

A file rests when its size, times and inode stayed the same for the settling time, as seen from
here. The modification time alone proves nothing, because ``cp -p`` copies it; when ``cp -p``
writes the same file once more, only the time of change differs.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

logger = logging.getLogger(__name__)

MAX_KEY_BYTES = 1024  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html

Signature = tuple[int, int, int, int]


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

    @property
    def signature(self) -> Signature:
        """What changes when somebody writes to it; a folder never changes."""
        if self.is_folder:
            return (0, 0, 0, 0)
        return (self.size_bytes, self.modified_ns, self.inode, self.changed_ns)


class FolderScan:
    """Walks one folder; each name that cannot become a key is logged once and skipped."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._complained: set[str] = set()

    def entries(self) -> Iterator[ScannedPath]:
        """Go through everything below the root, folders before what is in them.

        Raises:
            FileNotFoundError: The root itself is gone.
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
            return []  # removed between two looks

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
        return ScannedPath(
            key, found.path, is_folder, size, info.st_mtime_ns, info.st_ino, info.st_ctime_ns
        )

    def _complain(self, key: str, reason: str) -> None:
        if key not in self._complained:
            self._complained.add(key)
            logger.warning("skipped %s: %s", ascii(key), reason)


class Settling:
    """Remembers since when each entry has been as it is, and what has been dealt with."""

    def __init__(self, done: Mapping[str, ScannedPath]) -> None:
        self._since: dict[str, tuple[Signature, float]] = {}
        self._done = dict(done)

    def look(
        self, entries: Iterable[ScannedPath], *, now: float, settling_seconds: float
    ) -> tuple[list[ScannedPath], list[ScannedPath]]:
        """Tell what rests and is not dealt with yet, oldest first, and what is gone again."""
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
        """Do not mention *entry* again until it changes."""
        self._done[entry.key] = entry

    def _is_done(self, entry: ScannedPath) -> bool:
        done = self._done.get(entry.key)
        return done is not None and done.signature == entry.signature
