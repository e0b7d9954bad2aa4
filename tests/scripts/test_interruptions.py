"""scripts/vault-data.sh, interrupted by signals at random times: every set is exact at the end.

VAULT_INTERRUPTIONS=20x100 interrupts 20 datasets 100 times each; the default keeps a test run
short.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/vault-data.sh"
DATASETS, INTERRUPTIONS = map(int, os.environ.get("VAULT_INTERRUPTIONS", "2x12").split("x"))
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]
SHARES = ["share", "other"]
REFUSED = re.compile(rb"is being vaulted by process|trap: line \d+: unexpected EOF")
"""A killed run may still copy; bash 5.2 cannot parse a trap that interrupts its parser."""


def write_source(source: Path, choice: random.Random) -> None:
    for number in range(choice.randrange(150, 500)):
        path = source / f"folder {choice.randrange(12)}" / f"{number:03}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(choice.randbytes(choice.choice([0, 10, 3000, 100_000])))
    for number in range(3):
        (source / f"empty {number}").mkdir()
    (source / ".DS_Store").touch()


def start(place: Path, share: str, *options: str) -> subprocess.Popen[bytes]:
    """Start vaulting *place*/source in its own session, so that a signal reaches only that run."""
    return subprocess.Popen(
        [SCRIPT, "--source", "source", "--share", share, "--set", "a", "--unmounted", *options],
        cwd=place,
        env=os.environ | {"VAULT_STATE_FOLDER": str(place / "state")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def finish(place: Path, share: str, *options: str) -> None:
    """Vault to the end, once the workers of a run that was killed have ended."""
    status, errors = 1, b"is being vaulted by process"
    for _ in range(200):
        if status == 0 or b"is being vaulted by process" not in errors:
            break
        time.sleep(0.1)
        process = start(place, share, *options)
        _, errors = process.communicate()
        status = process.returncode
    assert status == 0, errors


def line(key: str, content: bytes | None, checksums: bool) -> str:
    """Return the line of a file, or of an empty folder without content."""
    if not checksums:
        return f"{len(content or b'')} {key}"
    checksum = "-" if content is None else hashlib.sha256(content).hexdigest()
    return f"{len(content or b'')} {checksum} {key}"


def assert_exact(place: Path, share: str, *, checksums: bool) -> None:
    """Require *share* to hold the source, and nothing in it to be older than its manifest's began."""
    folder = place / share / "a-vaultjob"
    header, _, entries = (folder / "a.manifest").read_bytes().partition(b"\n")
    fields = re.fullmatch(
        rb"#vault-manifest [12] began=(\d+) entries=\d+ bytes=\d+(?: checksum=sha256)? sha256=(.*)",
        header,
    )
    assert fields is not None
    assert hashlib.sha256(entries).hexdigest().encode() == fields[2]
    expected = {
        str(path.relative_to(place / "source")): path.read_bytes() if path.is_file() else None
        for path in (place / "source").rglob("*")
        if path.name != ".DS_Store"
    }
    found = {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
    del found["a.manifest"]
    assert found == expected
    empty = [f"empty {number}" for number in range(3)]
    files = [name for name, content in expected.items() if content is not None]
    assert entries.decode().splitlines() == sorted(
        (line(f"a-vaultjob/{name}", expected[name], checksums) for name in [*files, *empty]),
        key=lambda text: text[text.index("a-vaultjob/") :].encode(),
    )
    for name in [*files, *empty]:
        # The inode's last change is when the gateway received the file, or the folder
        changed = (folder / name).stat().st_ctime
        assert changed >= int(fields[1]) - 1, f"{name} is of an earlier delivery"


@pytest.mark.parametrize("seed", range(DATASETS))
def test_a_set_that_is_interrupted_at_random_is_exact_at_the_end(tmp_path: Path, seed: int) -> None:
    choice = random.Random(seed)
    write_source(tmp_path / "source", choice)
    shares = SHARES if seed % 3 == 0 else SHARES[:1]
    options = ["--checksum", "sha256"] if seed % 2 else []
    for share in shares:
        (tmp_path / share).mkdir()
    interrupted = 0
    while interrupted < INTERRUPTIONS:
        share = choice.choice(shares)
        new = ["--new"] if choice.random() < 0.4 else []
        process = start(tmp_path, share, *options, *new)
        time.sleep(choice.random() ** 2 * 2.0)
        if process.poll() is None:
            interrupted += 1
            process.send_signal(choice.choice(SIGNALS))
        _, errors = process.communicate()
        assert process.returncode in {0, 1, 129, 130, 143} or process.returncode < 0, errors
        assert process.returncode != 1 or REFUSED.search(errors), errors
    for share in shares:
        finish(tmp_path, share, *options)
        assert_exact(tmp_path, share, checksums=bool(options))
