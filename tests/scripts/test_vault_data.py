"""The output of scripts/vault-data.sh, read by the handlers and compared with the source."""

from __future__ import annotations

import hashlib
import os
import pty
import random
import re
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.core.manifest_entries import EMPTY_FOLDER
from local.datasets import generate
from tests.unit.manifests import Reading

SCRIPT = Path(__file__).parents[2] / "scripts/vault-data.sh"
FOLDER = "a-vaultjob"  # tests.unit.manifests reads the manifest of the set "a"


def vault(place: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Vault *place*/source into *place*/share as the set "a"."""
    (place / "share").mkdir(exist_ok=True)
    return subprocess.run(
        [SCRIPT, "--source", "source", "--share", "share", "--set", "a", "--unmounted", *options],
        cwd=place,
        env=os.environ | {"VAULT_STATE_FOLDER": str(place / "state")},
        capture_output=True,
        text=True,
        check=False,
    )


def manifest(place: Path) -> bytes:
    return (place / "share" / FOLDER / "a.manifest").read_bytes()


def entries(folder: Path) -> dict[str, int]:
    """Return key and size of every file and every empty folder."""
    return {
        f"{FOLDER}/{path.relative_to(folder)}": path.stat().st_size if path.is_file() else 0
        for path in folder.rglob("*")
        if path.is_file() or not any(path.iterdir())
    }


def sizes(reading: Reading) -> dict[str, int | None]:
    """Return key and size of every entry."""
    return {entry.key: entry.size_bytes for entry in reading.entries()}


def sha256s(folder: Path) -> dict[str, str]:
    """Return key and SHA-256 of every file, and EMPTY_FOLDER for every folder that holds nothing."""
    return {
        key: hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else EMPTY_FOLDER
        for key in entries(folder)
        for path in [folder / key.removeprefix(f"{FOLDER}/")]
    }


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_the_handlers_read_the_manifest_without_a_copy_and_find_the_source_in_it(
    tmp_path: Path,
) -> None:
    generate(tmp_path / "source")
    assert vault(tmp_path).returncode == 0
    reading = Reading([manifest(tmp_path)], arrived=int(time.time()))
    assert not reading.copied
    assert reading.listing.rich
    [state] = (tmp_path / "state/shares").glob("*/a/began")
    began = int(state.read_text())
    assert reading.listing.since == began - 120
    assert sizes(reading) == entries(tmp_path / "source")
    (tmp_path / "share" / FOLDER / "a.manifest").unlink()
    assert contents(tmp_path / "share" / FOLDER) == contents(tmp_path / "source")


def test_the_handlers_read_the_plain_manifest_without_a_copy(tmp_path: Path) -> None:
    generate(tmp_path / "source")
    assert vault(tmp_path, "--plain").returncode == 0
    reading = Reading([manifest(tmp_path)], arrived=int(time.time()))
    assert not reading.copied
    assert not reading.listing.rich
    assert set(reading.keys()) == entries(tmp_path / "source").keys()


NAMES = st.text(
    st.characters(exclude_characters="/", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60
).filter(lambda name: name not in {".", "..", "a.manifest"} and len(name.encode()) <= 255)
TREES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map(tuple),
    st.binary(max_size=20),
    min_size=1,
    max_size=40,
)


@settings(max_examples=8, deadline=None)
@given(TREES)
def test_the_handlers_read_any_names(tree: dict[tuple[str, ...], bytes]) -> None:
    with TemporaryDirectory() as name:
        place = Path(name)
        for parts, content in tree.items():
            path = place.joinpath("source", *parts)
            if not path.is_dir() and not any(parent.is_file() for parent in path.parents):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        done = vault(place, "--all", "--checksum", "sha256")
        assert done.returncode == 0, done.stderr
        reading = Reading([manifest(place)], arrived=int(time.time()))
        assert not reading.copied
        assert sizes(reading) == entries(place / "source")
        assert reading.listing.checksum_algorithm == "sha256"
        assert {entry.key: entry.checksum for entry in reading.entries()} == sha256s(
            place / "source"
        )


def is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_names_are_refused_as_not_utf_8_exactly_if_python_cannot_decode_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "source").mkdir()
    edges = [0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF, 0x41]
    places = random.Random(0)
    names = [
        bytes([first, *(places.choice(edges) for _ in range(length))])
        for first in range(0x80, 0x100)
        for length in (0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3)
    ]
    for number, name in enumerate(names):
        Path(os.fsdecode(os.fsencode(tmp_path / "source") + b"/%d-" % number + name)).touch()
    done = vault(tmp_path)
    refused = re.findall(r"^  (?:\$')?(\d+)-.*: its name is not UTF-8$", done.stderr, re.MULTILINE)
    wanted = {number for number, name in enumerate(names) if not is_utf8(name)}
    assert 0 < len(wanted) < len(names)
    assert {int(number) for number in refused} == wanted


def test_on_a_terminal_the_progress_is_one_line_rewritten(tmp_path: Path) -> None:
    generate(tmp_path / "source")
    (tmp_path / "share").mkdir()
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [SCRIPT, "--source", "source", "--share", "share", "--unmounted"],
        cwd=tmp_path,
        env=os.environ | {"VAULT_STATE_FOLDER": str(tmp_path / "state")},
        stdout=subprocess.DEVNULL,
        stderr=its,
    )
    os.close(its)
    reported = b""
    while chunk := read(ours):
        reported += chunk
    os.close(ours)
    assert process.wait() == 0
    *lines, end = reported.split(b"\r")
    assert end == b"\n"
    assert all(re.fullmatch(rb"(Copied \d+ of 200 files, .*\x1b\[K)?", line) for line in lines)
    assert lines[-1].startswith(b"Copied 200 of 200 files")


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""
