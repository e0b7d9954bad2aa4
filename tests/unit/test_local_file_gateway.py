"""The simulated appliance: uploads, announcements and their times."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from local.gateway.announcements import Announcer, upload_event
from local.gateway.file_gateway import ShareWatcher
from local.gateway.file_shares import FileShare
from local.gateway.folder_scan import FolderScan, ScannedPath, Settling
from local.gateway.journal import Journal
from local.gateway.requests import Json

SETTLING_SECONDS = 2.0


def file_share(
    prefix: str = "", policy: str = '{"Upload": {"SettlingTimeInSeconds": 2}}'
) -> FileShare:
    arn = "arn:aws:storagegateway:eu-west-1:123456789012:"
    information = {"Path": "/vaultdata", "NotificationPolicy": policy}
    return FileShare(f"{arn}share/S", f"{arn}gateway/G", "bucket", prefix, information, [])


class FakeS3:
    """S3 with objects, and all earlier bodies of each object."""

    def __init__(self) -> None:
        self.bodies: dict[str, list[bytes]] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        assert Bucket == "bucket"
        self.bodies.setdefault(Key, []).append(Body)

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803
        assert Bucket == "bucket"
        del self.bodies[Key]


class Appliance:
    """An appliance with one share, and a clock that the test moves."""

    def __init__(
        self,
        folder: Path,
        share: FileShare,
        seed: int = 0,
        *,
        s3: FakeS3 | None = None,
        journal: Path | None = None,
    ) -> None:
        self.folder = folder
        self.held_back = folder.with_name(f"{folder.name}-held-back")
        self.now = 1000.0
        self.s3 = s3 or FakeS3()
        self.events: list[Json] = []
        self._threads = ThreadPoolExecutor(1)
        self._watcher = ShareWatcher(
            share,
            folder,
            held_back=self.held_back,
            journal=Journal(journal or folder.with_name(f"{uuid4().hex}.jsonl")),
            s3=self.s3,
            emit=self._emit,
            random=Random(seed),
            clock=lambda: self.now,
        )

    def _emit(self, share: FileShare, events: Sequence[Json]) -> None:
        assert len(events) <= 10
        self.events += events

    def write(self, path: str, body: bytes = b"whole") -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)

    def pass_time(self, seconds: float) -> None:
        """Run the appliance's loop twice a second."""
        for _ in range(int(seconds * 2)):
            self._watcher.look(self._threads)
            self.now += 0.5

    def announced(self) -> list[str]:
        return [json.loads(event["Detail"])["object-key"] for event in self.events]

    def close(self) -> None:
        self._threads.shutdown()


@pytest.fixture
def appliance(tmp_path: Path) -> Any:
    made = Appliance(tmp_path, file_share())
    yield made
    made.close()


def test_a_file_is_uploaded_and_announced_after_it_has_settled(appliance: Appliance) -> None:
    appliance.write("s-vaultjob/a.txt")

    appliance.pass_time(SETTLING_SECONDS)
    assert appliance.s3.bodies == {}
    appliance.pass_time(5)

    assert appliance.s3.bodies["s-vaultjob/a.txt"][-1] == b"whole"
    assert "s-vaultjob/a.txt" in appliance.announced()


def test_a_file_that_is_still_written_to_is_not_uploaded(appliance: Appliance) -> None:
    for size in range(1, 11):
        appliance.write("growing", b"x" * size)
        appliance.pass_time(1)

    assert appliance.s3.bodies == {}
    appliance.pass_time(5)
    assert appliance.s3.bodies["growing"][-1] == b"x" * 10


def test_a_folder_is_an_object_with_a_slash_announced_without_it(appliance: Appliance) -> None:
    (appliance.folder / "s-vaultjob" / "empty").mkdir(parents=True)

    appliance.pass_time(6)

    assert appliance.s3.bodies == {"s-vaultjob/": [b""], "s-vaultjob/empty/": [b""]}
    assert set(appliance.announced()) == {"s-vaultjob", "s-vaultjob/empty"}
    assert {json.loads(event["Detail"])["object-size"] for event in appliance.events} == {0}


def test_a_file_written_again_is_announced_again(appliance: Appliance) -> None:
    appliance.write("a", b"1")
    appliance.pass_time(6)
    before = len(appliance.events)

    appliance.write("a", b"22")
    appliance.pass_time(6)

    assert appliance.s3.bodies["a"] == [b"1", b"22"]
    assert len(appliance.events) > before


def test_an_unchanged_path_is_announced_once(appliance: Appliance) -> None:
    """A folder's times change when something is written into it, but it is not announced again."""
    appliance.write("folder/a")
    appliance.pass_time(6)
    before = appliance.announced().count("folder")

    appliance.write("folder/b")
    appliance.pass_time(6)

    assert appliance.announced().count("folder") == before


def test_a_folder_that_is_made_again_between_two_scans_is_announced_again(
    appliance: Appliance,
) -> None:
    """A delivery anew does that with an empty folder, and the gateway receives both requests."""
    folder = appliance.folder / "s-vaultjob" / "empty"
    folder.mkdir(parents=True)
    appliance.pass_time(6)
    before = len(appliance.events)

    folder.rmdir()
    folder.mkdir()
    appliance.pass_time(6)

    assert set(appliance.announced()[before:]) == {"s-vaultjob/empty"}


def test_a_removed_file_leaves_the_bucket(appliance: Appliance) -> None:
    appliance.write("a")
    appliance.pass_time(6)

    (appliance.folder / "a").unlink()
    appliance.pass_time(1)

    assert appliance.s3.bodies == {}


def test_some_objects_are_partial_at_first_and_announced_only_when_complete(tmp_path: Path) -> None:
    appliance = Appliance(tmp_path, file_share())
    for number in range(200):
        appliance.write(f"{number}", b"12345678")

    appliance.pass_time(6)
    appliance.close()

    bodies = appliance.s3.bodies.values()
    assert {tuple(each) for each in bodies} == {(b"12345678",), (b"1234", b"12345678")}
    sizes = {json.loads(event["Detail"])["object-size"] for event in appliance.events}
    assert sizes == {8}


def test_announcements_come_in_no_order_and_some_of_them_twice(tmp_path: Path) -> None:
    appliance = Appliance(tmp_path, file_share())
    keys = [f"{number:03}" for number in range(200)]
    for key in keys:
        appliance.write(key)

    appliance.pass_time(6)
    appliance.close()

    announced = appliance.announced()
    assert set(announced) == set(keys)
    assert len(announced) > len(keys)
    assert announced != sorted(announced)


def test_files_are_often_announced_in_another_order_than_written(tmp_path: Path) -> None:
    """So a manifest, which is written last, may arrive before some of its data."""
    appliance = Appliance(tmp_path, file_share())
    for number in range(100):
        appliance.write(f"s-vaultjob/{number}")
    appliance.pass_time(0.5)
    appliance.write("s-vaultjob/s.manifest")

    appliance.pass_time(6)
    appliance.close()

    assert appliance.announced()[-1] != "s-vaultjob/s.manifest"


def test_the_same_seed_gives_the_same_disorder(tmp_path: Path) -> None:
    def announced(seed: int) -> list[str]:
        appliance = Appliance(tmp_path, file_share(), seed)
        appliance.pass_time(6)
        appliance.close()
        return appliance.announced()

    for number in range(50):
        (tmp_path / str(number)).write_bytes(b"x")

    assert announced(1) == announced(1)
    assert announced(1) != announced(2)


def test_a_file_written_again_with_its_old_modification_time_is_announced_again(
    appliance: Appliance,
) -> None:
    """``cp --preserve=timestamps`` writes it like that when a set is delivered again."""
    appliance.write("s-vaultjob/a")
    path = appliance.folder / "s-vaultjob/a"
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    appliance.pass_time(6)
    before = len(appliance.events)

    appliance.write("s-vaultjob/a")
    os.utime(path, ns=times)
    appliance.pass_time(6)

    assert "s-vaultjob/a" in appliance.announced()[before:]


def test_a_held_file_is_uploaded_once_it_is_released(appliance: Appliance) -> None:
    appliance.held_back.write_text("vaultdata/s-vaultjob/stuck \u2028\nother/s-vaultjob/a\n")
    for name in ("a", "stuck \u2028"):
        appliance.write(f"s-vaultjob/{name}")

    appliance.pass_time(8)
    assert "s-vaultjob/a" in appliance.s3.bodies
    assert "s-vaultjob/stuck \u2028" not in appliance.s3.bodies

    appliance.held_back.unlink()
    appliance.pass_time(4)
    assert "s-vaultjob/stuck \u2028" in appliance.announced()


def test_a_gateway_that_is_restarted_in_a_set_announces_what_it_had_not(tmp_path: Path) -> None:
    """And nothing else: it neither uploads nor announces again what was announced."""
    keys = {f"s-vaultjob/{number}" for number in range(60)}
    journal = tmp_path / "journal"
    before = Appliance(tmp_path / "share", file_share(), journal=journal)
    for key in keys:
        before.write(key)
    while len(set(before.announced()) & keys) < 20:
        before.pass_time(0.5)
    announced = set(before.announced())
    before.close()
    uploads = {key: len(before.s3.bodies[key]) for key in announced & keys}

    after = Appliance(tmp_path / "share", file_share(), s3=before.s3, journal=journal)
    after.pass_time(10)
    after.close()

    assert len(announced & keys) < len(keys)
    assert set(after.announced()) == {*keys, "s-vaultjob"} - announced
    assert {key: len(after.s3.bodies[key]) for key in uploads} == uploads


def test_a_file_that_is_gone_stays_gone_after_a_restart(tmp_path: Path) -> None:
    """So that one of the same name is announced when it comes again."""
    for _ in range(2):
        appliance = Appliance(tmp_path / "share", file_share(), journal=tmp_path / "journal")
        appliance.write("a.txt")
        appliance.pass_time(6)
        (appliance.folder / "a.txt").unlink()
        appliance.pass_time(1)
        appliance.close()
        assert set(appliance.announced()) == {"a.txt"}


def test_without_a_notification_policy_files_are_uploaded_in_silence(tmp_path: Path) -> None:
    appliance = Appliance(tmp_path, file_share(policy="{}"))
    appliance.write("a")

    appliance.pass_time(6)
    appliance.close()

    assert "a" in appliance.s3.bodies
    assert appliance.events == []


def test_under_a_prefix_some_keys_have_it_and_some_do_not(tmp_path: Path) -> None:
    appliance = Appliance(tmp_path, file_share(prefix="team/a/"))
    for number in range(50):
        appliance.write(f"{number}")

    appliance.pass_time(6)
    appliance.close()

    assert set(appliance.s3.bodies) == {f"team/a/{number}" for number in range(50)}
    assert {key.startswith("team/a/") for key in appliance.announced()} == {True, False}


def test_an_event_has_the_shape_that_aws_documents() -> None:
    share = file_share(prefix="team/")
    entry = ScannedPath("d/a b.txt", "", False, 7, 1_577_968_200_999_999_999, 1)

    event = upload_event(share, entry, key_has_prefix=False)

    assert event["Source"] == "aws.storagegateway"
    assert event["DetailType"] == "Storage Gateway Object Upload Event"
    assert event["Resources"] == [share.arn, share.gateway_arn, "arn:aws:s3:::bucket"]
    assert json.loads(event["Detail"]) == {
        "object-size": 7,
        "modification-time": "2020-01-02T12:30:00Z",
        "object-key": "d/a b.txt",
        "event-type": "object-upload-complete",
        "prefix": "team/",
        "bucket-name": "bucket",
    }


def test_an_announcement_waits_no_longer_than_the_spread() -> None:
    calls: list[int] = []
    announcer = Announcer(lambda share, events: calls.append(len(events)), Random(1), twice=1.0)
    for number in range(15):
        announcer.add(file_share(), ScannedPath(str(number), "", False, 1, 0, 1), now=0)

    announcer.flush(file_share(), now=-0.1)
    assert calls == []
    announcer.flush(file_share(), now=2.0)

    assert calls == [10, 10, 10]


def test_names_that_cannot_be_keys_are_skipped_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "fine 😀").write_bytes(b"")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).write_bytes(b"")
    (tmp_path / "link").symlink_to("fine 😀")
    deep = tmp_path.joinpath(*["x" * 200] * 5)
    deep.mkdir(parents=True)
    (deep / ("y" * 30)).write_bytes(b"")
    scan = FolderScan(str(tmp_path))

    with caplog.at_level(logging.WARNING):
        found = [{entry.key for entry in scan.entries()} for _ in range(2)]

    folders = {"/".join(["x" * 200] * depth) for depth in range(1, 6)}
    assert found == [{"fine 😀"} | folders] * 2
    assert len(caplog.messages) == 3  # each name is logged once, whatever the number of scans
    assert any("'\\udcff': its name is not UTF-8" in message for message in caplog.messages)


def test_a_missing_root_is_an_error_and_deletes_nothing(tmp_path: Path) -> None:
    """A missing share folder must not look like a share whose files were all deleted."""
    with pytest.raises(FileNotFoundError):
        list(FolderScan(str(tmp_path / "gone")).entries())


def test_what_is_replaced_by_a_rename_settles_anew() -> None:
    settling = Settling({})
    old, new = (ScannedPath("a", "", False, 1, 0, inode) for inode in (1, 2))

    assert settling.look([old], now=0, settling_seconds=2) == ([], [])
    assert settling.look([new], now=2, settling_seconds=2) == ([], [])
    assert settling.look([new], now=4, settling_seconds=2) == ([new], [])


def test_a_large_datasets_manifest_is_not_uploaded_long_before_its_data(tmp_path: Path) -> None:
    """Uploads overtake each other, but the last file of many is uploaded among the last."""
    appliance = Appliance(tmp_path, file_share())
    for number in range(1000):
        appliance.write(f"s-vaultjob/{number}")
    appliance.pass_time(0.5)
    appliance.write("s-vaultjob/s.manifest")

    appliance.pass_time(4)
    appliance.close()

    uploaded = list(appliance.s3.bodies)
    assert uploaded.index("s-vaultjob/s.manifest") > 800
    assert uploaded[1:1001] != sorted(uploaded[1:1001])
