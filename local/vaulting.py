"""From a folder to a dataset in a file share: checked first, copied whole, manifest last."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from local.errors import LocalError

JOB_FOLDER_SUFFIX = "-vaultjob"
MANIFEST_SUFFIX = ".manifest"
MAX_KEY_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is to be vaulted: a set id, the folder it comes from, and everything in that."""

    set_id: str
    source: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]
    """Paths relative to the source; folders without a trailing slash."""

    @property
    def job_folder(self) -> str:
        """The folder of the set in a file share."""
        return self.set_id + JOB_FOLDER_SUFFIX

    @property
    def uploads(self) -> int:
        """How many objects the bucket holds below the set's folder once all is uploaded."""
        return len(self.files) + len(self.folders) + 1

    def manifest(self) -> bytes:
        """List a key a line, bytewise sorted: every file, and every folder that holds nothing.

        Made from the source and not from what was copied, so that a file lost in the copy shows.
        """
        parents = {path.rpartition("/")[0] for path in (*self.files, *self.folders)}
        empty = (folder for folder in self.folders if folder not in parents)
        keys = sorted(f"{self.job_folder}/{path}".encode() for path in (*self.files, *empty))
        return b"".join(key + b"\n" for key in keys)


def read(source: Path, set_id: str = "") -> Dataset:
    """Look through *source*; the set id is its name unless given.

    Raises:
        LocalError: The folder is missing or empty, or holds what cannot be vaulted: all listed.
    """
    set_id = set_id or source.resolve().name
    if not source.is_dir():
        raise LocalError(f"There is no folder {source}: give one that holds the files to vault.")
    if not set_id or "/" in set_id or not set_id.isprintable():
        raise LocalError(
            f"{set_id!r} cannot be a set id: give a name that a folder may have with --set."
        )
    files: list[str] = []
    folders: list[str] = []
    problems: list[str] = []
    for path, is_folder in _walk(source):
        problem = _problem(source, path, is_folder, set_id)
        if problem:
            problems.append(f"  {path!a}: {problem}")
        else:
            (folders if is_folder else files).append(path)
    if problems:
        raise LocalError("\n".join(["Nothing was copied, for these cannot be vaulted:", *problems]))
    if not files:
        raise LocalError(f"The folder {source} holds no file: there is nothing to vault.")
    return Dataset(set_id, source, tuple(files), tuple(folders))


def copy(
    dataset: Dataset,
    share: Path,
    *,
    hold_back: Collection[str] = (),
    on_copied: Callable[[], None] = lambda: None,
) -> None:
    """Copy *dataset*, all but *hold_back*, into the folder *share*; move the whole manifest in.

    Raises:
        LocalError: The share has a set of this id already: a plain manifest's id is used once.
    """
    target = share / dataset.job_folder
    if target.exists():
        raise LocalError(
            f"The set {dataset.set_id} is in the share already: give another id with --set."
        )
    target.mkdir()
    for folder in dataset.folders:
        (target / folder).mkdir(parents=True, exist_ok=True)
    for path in dataset.files:
        if path not in hold_back:
            shutil.copyfile(dataset.source / path, target / path)
        on_copied()
    with NamedTemporaryFile(dir=share.parent, delete=False) as whole:
        whole.write(dataset.manifest())
    os.replace(whole.name, target / f"{dataset.set_id}{MANIFEST_SUFFIX}")


def _walk(source: Path) -> Iterator[tuple[str, bool]]:
    for folder, folders, files in os.walk(source):
        below = os.path.relpath(folder, source)
        for is_folder, names in ((True, folders), (False, files)):
            for name in sorted(names):
                yield os.path.normpath(os.path.join(below, name)), is_folder


def _problem(source: Path, path: str, is_folder: bool, set_id: str) -> str | None:
    try:
        key = f"{set_id}{JOB_FOLDER_SUFFIX}/{path}".encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if b"\n" in key or b"\r" in key:
        return "its name has a line break in it"
    if len(key) + is_folder > MAX_KEY_BYTES:
        return f"its key would be longer than {MAX_KEY_BYTES} bytes"
    if path == set_id + MANIFEST_SUFFIX:
        return "its name is that of the set's manifest"
    mode = (source / path).lstat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        return "it is neither a file nor a folder"
    return None
