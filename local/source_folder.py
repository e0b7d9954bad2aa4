"""A folder to vault as a dataset. The client's own script checks and copies it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import translate
from pathlib import Path

from deployment.errors import CommandError
from deployment.review.text import counted


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """A set id, the folder of the set, and its contents."""

    set_id: str
    source: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]
    """Paths relative to the source, sorted; folders without a trailing slash."""

    @property
    def uploads(self) -> int:
        """The number of objects in the set's folder when all are uploaded."""
        return len(self.files) + len(self.folders) + 1

    @property
    def listed(self) -> int:
        """The number of entries in the manifest: the files, and the folders with nothing in them."""
        parents = {os.path.dirname(path) for path in (*self.files, *self.folders)}
        return len(self.files) + len(set(self.folders) - parents)

    def __str__(self) -> str:
        """Return the counts of files, of objects to upload, and of entries in the manifest."""
        counts = [counted(len(self.files), "file")]
        if self.folders:
            counts.append(counted(len(self.folders), "folder"))
        sentence = f"{', '.join(counts)} and the manifest: {self.uploads:,} objects."
        if self.listed > len(self.files):
            sentence += f" The manifest lists {self.listed:,}: the files and the empty folders."
        return sentence

    def without(self, patterns: Iterable[str]) -> SourceFolder:
        """Leave out each path with a part that matches one of *patterns*, as ``vault-data.sh`` does.

        Raises:
            CommandError: No file is left.
        """
        names = re.compile("|".join(translate(each.replace("[", "[[]")) for each in patterns))

        def kept(paths: Iterable[str]) -> tuple[str, ...]:
            return tuple(path for path in paths if not any(map(names.fullmatch, path.split("/"))))

        files = kept(self.files)
        if not files:
            raise CommandError(
                f"The folder {self.source} holds only files that are left out by their names"
                f" ({len(self.files):,}): the setting ignoreUnexpectedNames lists these names."
            )
        return replace(self, files=files, folders=kept(self.folders))


def read(source: Path, set_id: str = "") -> SourceFolder:
    """List the contents of *source*; the default set id is the folder's name.

    Raises:
        CommandError: The folder is missing, or contains no file.
    """
    if source.is_file():
        raise CommandError(f"{source} is a file: name the folder with the files to vault.")
    if not source.is_dir():
        raise CommandError(f"There is no folder {source}: name the folder with the files to vault.")
    files: list[str] = []
    folders: list[str] = []
    for folder, folders_here, files_here in os.walk(source):
        here = os.path.relpath(folder, source)
        folders += (os.path.normpath(os.path.join(here, name)) for name in folders_here)
        files += (os.path.normpath(os.path.join(here, name)) for name in files_here)
    if not files:
        raise CommandError(f"The folder {source} contains no file: there is nothing to vault.")
    return SourceFolder(
        set_id or source.resolve().name, source, tuple(sorted(files)), tuple(sorted(folders))
    )
