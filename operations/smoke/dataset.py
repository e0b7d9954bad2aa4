"""The datasets of the smoke test: small files with awkward names. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from handlers.core.naming import Naming

SET_ID = re.compile(r"smoke-\d{8}T\d{6}Z-[0-9a-f]{8}(-incomplete)?")
"""The smoke test removes only datasets whose id matches this pattern."""
NEVER_WRITTEN = "never-written.txt"
AWKWARD_NAMES = (
    " blank at the start.txt",
    "blank at the end ",
    "composed-\u00fc.txt",
    "decomposed-u\u0308.txt",
    "emoji-\U0001f600.txt",
    "quotes-'\"`.txt",
    "percent-%41%2F%.txt",
    "plus+and&equals=.txt",
    "-leading-dash.txt",
    "back\\slash.txt",
    "hash#and?question.txt",
    "line\u2028separator.txt",
    "deep/er/file.txt",
    "$(dollar) {brace} [bracket] *.txt",
)
EMPTY_FILE = "empty.txt"
EMPTY_FOLDER = "empty folder/"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeSet:
    """One dataset: the objects that are written, and the files that only its manifest lists."""

    set_id: str
    folder: str
    """The prefix of all S3 keys of the dataset."""
    manifest_key: str
    objects: Mapping[str, bytes]
    """Contents by S3 key; the key of an empty folder ends with a slash."""
    never_written: Mapping[str, bytes]

    @property
    def listed(self) -> list[str]:
        """The keys that the manifest lists; the key of a folder has no slash at its end."""
        return sorted(
            (key.removesuffix("/") for key in {**self.objects, **self.never_written}),
            key=str.encode,
        )

    def manifest(self, *, began: int) -> bytes:
        """Return a rich manifest; *began* is S3's time in Unix seconds."""
        sizes = {
            key.removesuffix("/"): len(body)
            for key, body in {**self.objects, **self.never_written}.items()
        }
        body = "".join(f"{sizes[key]} {key}\n" for key in self.listed).encode()
        header = (
            f"#vault-manifest 1 began={began} entries={len(sizes)} bytes={sum(sizes.values())}"
            f" sha256={hashlib.sha256(body).hexdigest()}\n"
        )
        return header.encode() + body


def complete_set(set_id: str, naming: Naming) -> SmokeSet:
    """Return the dataset that arrives completely."""
    files = {name: f"smoke test: {name}\n".encode() for name in AWKWARD_NAMES}
    return _set(set_id, naming, {**files, EMPTY_FILE: b"", EMPTY_FOLDER: b""}, {})


def incomplete_set(set_id: str, naming: Naming) -> SmokeSet:
    """Return the dataset with one listed file that is never written."""
    files = {"one.txt": b"one\n", "two.txt": b"two\n"}
    return _set(f"{set_id}-incomplete", naming, files, {NEVER_WRITTEN: b"three\n"})


def _set(
    set_id: str,
    naming: Naming,
    written: Mapping[str, bytes],
    never_written: Mapping[str, bytes],
) -> SmokeSet:
    folder = f"{set_id}{naming.job_dir_suffix}/"
    return SmokeSet(
        set_id=set_id,
        folder=folder,
        manifest_key=f"{folder}{set_id}{naming.manifest_suffix}",
        objects={f"{folder}{name}": body for name, body in written.items()},
        never_written={f"{folder}{name}": body for name, body in never_written.items()},
    )
