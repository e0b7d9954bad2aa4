"""A dataset like that of a vaulting job: keys, sizes, folders, arrivals, a manifest.

It has no random parts: the same number of files always gives the same dataset.
"""

from __future__ import annotations

import hashlib
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from awscrt.checksums import crc64nvme

SET_ID = "2026-11-payroll"
BUCKET = "dev-vault-uploads"
FOLDER = f"{SET_ID}-vaultjob"
MANIFEST_KEY = f"{FOLDER}/{SET_ID}.manifest"
MANIFEST_VERSION = "3sL4kqtJlcpXroDTDmJrmSpXd3dIbrHY"
ITERATIONS = 20
FILES_A_FOLDER = 500
FOLDERS_A_REGION = 50


class Form(StrEnum):
    """The form of a manifest. Only sets with a rich manifest are verified with LIST."""

    PLAIN = "plain"
    RICH = "rich"
    CHECKSUMS = "checksums"
    """Form 2: also the content is verified."""


WITHOUT_CHECKSUMS = (Form.PLAIN, Form.RICH)


class Arrival(StrEnum):
    """The times at which uploads are announced."""

    AT_ONCE = "at-once"
    IN_ORDER = "in-order"
    AT_RANDOM = "at-random"
    ALL_BUT_A_HUNDREDTH = "all-but-a-hundredth"
    """At once, except one key in a hundred, which arrives in the last iteration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """Sorted keys, each with its size in bytes and the iteration in which it arrives."""

    keys: Sequence[str]
    sizes: Sequence[int]
    iterations: bytes

    def until(self, iteration: int) -> Uploads:
        """Return the uploads that have arrived by *iteration*."""
        if max(self.iterations) <= iteration:
            return self
        come = [number for number, at in enumerate(self.iterations) if at <= iteration]
        return Uploads(
            keys=[self.keys[number] for number in come],
            sizes=array("Q", [self.sizes[number] for number in come]),
            iterations=bytes(map(self.iterations.__getitem__, come)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticSet:
    """The rows and objects of a dataset, and the entries of its manifest."""

    rows: Uploads
    objects: Uploads
    listed: Sequence[tuple[str, int]]

    def manifest(self, form: Form, *, began: int, shuffled: bool) -> bytes:
        """Return the manifest in *form*; *began* is in Unix seconds."""
        listed = list(self.listed)
        if shuffled:
            random.Random(1).shuffle(listed)  # noqa: S311 - it hides nothing
        if form is Form.PLAIN:
            return "".join(f"{key}\n" for key, _ in listed).encode()
        number, checksum = (2, " checksum=crc64nvme") if form is Form.CHECKSUMS else (1, "")
        body = "".join(
            f"{size} {f'{checksum_of(key):016x} ' if checksum else ''}{key}\n"
            for key, size in listed
        ).encode()
        digest = hashlib.sha256(body).hexdigest()
        size_bytes = sum(size for _, size in listed)
        header = f"began={began} entries={len(listed)} bytes={size_bytes}{checksum} sha256={digest}"
        return f"#vault-manifest {number} {header}\n".encode() + body


def synthetic_set(files: int, arrival: Arrival) -> SyntheticSet:
    """Return a dataset of *files* files, five hundred in a folder, with every folder announced."""
    listed = sorted((_key(number), _size_bytes(number)) for number in range(files))
    keys = [key for key, _ in listed]
    folders = sorted({folder for key in [*keys[::100], *keys[-1:]] for folder in _folders_of(key)})
    merged = sorted([*listed, *((folder, 0) for folder in folders), (MANIFEST_KEY, len(keys))])
    rows = [key for key, _ in merged]
    iterations = _iterations(len(rows), arrival)
    marked = set(folders)
    objects = sorted(
        (f"{key}/" if key in marked else key, size, at)
        for (key, size), at in zip(merged, iterations, strict=True)
    )
    return SyntheticSet(
        rows=Uploads(
            keys=rows, sizes=array("Q", [size for _, size in merged]), iterations=iterations
        ),
        objects=Uploads(
            keys=[key for key, _, _ in objects],
            sizes=array("Q", [size for _, size, _ in objects]),
            iterations=bytes(at for _, _, at in objects),
        ),
        listed=listed,
    )


def checksum_of(key: str) -> int:
    """Return the CRC64NVME of a file; it has no content here, so that of its key takes its place."""
    checksum: int = crc64nvme(key.encode())
    return checksum


def _key(number: int) -> str:
    """Return a key of about 75 bytes; one file in a hundred has a name like those that people choose."""
    batch = number // FILES_A_FOLDER
    folder = f"{FOLDER}/region-{batch // FOLDERS_A_REGION:03}/batch-{batch:05}"
    if number % 100 == 37:
        return f"{folder}/Lohn & Gehalt Müller (Kopie {number:08}).pdf"
    return f"{folder}/payslip-2026-11-{number:08}.pdf"


def _size_bytes(number: int) -> int:
    return number * 2_654_435_761 % 4_999_999 + 1


def _folders_of(key: str) -> list[str]:
    """Return the folders above *key*, except the set's folder."""
    return [key[:at] for at in range(len(FOLDER) + 1, len(key)) if key[at] == "/"]


def _iterations(number: int, arrival: Arrival) -> bytes:
    """Return the iteration, 1 to ITERATIONS, in which each of *number* rows arrives."""
    match arrival:
        case Arrival.AT_ONCE:
            return bytes([1]) * number
        case Arrival.ALL_BUT_A_HUNDREDTH:
            return bytes(ITERATIONS if at % 100 == 57 else 1 for at in range(number))
        case Arrival.IN_ORDER:
            return bytes(at * ITERATIONS // number + 1 for at in range(number))
        case Arrival.AT_RANDOM:
            chance = random.Random(2)  # noqa: S311 - it hides nothing
            return bytes(chance.choices(range(1, ITERATIONS + 1), k=number))
