"""The demo's dataset: two hundred small files with names that careless programs mishandle."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from random import Random

FILES = 200
MAX_FILE_BYTES = 8 * 1024

FOLDERS = (
    "",
    "invoices",
    "invoices/2026/q4",
    "invoices-old",  # "invoices-old" sorts between "invoices" and "invoices/"
    "year end 2026",
    'the "final" version',
    "it's complicated",
    "100% checked",
    "back\\slash",
    "-leading-dash",
    ".hidden",
    "naïve café",
    "отчёты/ноябрь",
    "給与/十一月",
    "رواتب/نوفمبر",
    "🎉 party 🎂/📷",
    "a/b/c/d/e/f/g",
)
EMPTY_FOLDER = "empty folder"
NAMES = (
    "{n:03}.csv",
    "report {n}.txt",
    "scan_{n:04}.tiff",
    "-rf {n}",
    ".draft-{n}",
    "{n} o'clock.log",
    '"{n}".json',
    "{n}%20not%2Fdecoded",
    "{n}+{n}=#&?;$HOME.txt",
    "{n}  two spaces",
    "{n} trailing space ",
    "résumé {n}.pdf",
    "письмо {n}.eml",
    "第{n}号.xml",
    "😀{n}",
    "line\u2028separator {n}",
    "back\\slash {n}",
    "{n}.manifest",  # deeper than a set's own manifest: data
)


def generate(folder: Path, *, seed: int = 0, files: int = FILES) -> None:
    """Write the dataset into *folder*; equal *seed*s give equal names and bytes."""
    random = Random(seed)
    (folder / EMPTY_FOLDER).mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(paths(files)):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(random.randbytes(0 if number == 0 else random.randrange(MAX_FILE_BYTES)))


def paths(files: int = FILES) -> list[PurePosixPath]:
    """Return the path of each file: they cycle through folders and names, in different pairs."""
    return [
        PurePosixPath(FOLDERS[n % len(FOLDERS)], NAMES[n % len(NAMES)].format(n=n))
        for n in range(files)
    ]
