"""The real functions verify content in the real state machine, on a fake of AWS."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import (
    reconcile_notify,
    verify_content,
)
from handlers.aws import object_content
from handlers.aws.object_content import ObjectContent, Reading
from handlers.aws.shard_results import ShardResults
from handlers.core import content as core
from handlers.core import merge
from handlers.core.content import shard_count, shard_text
from handlers.core.listing import Listing
from handlers.core.manifest_entries import Entry
from tests.unit.content_vault import FILES, FOLDER, ContentVault
from tests.unit.fakes import EVENT_TABLE, REPORTS_BUCKET, FakeAws, FakeContext
from tests.unit.manifests import HASHES
from tests.unit.refusals import client_error

MODES = [(mode, algorithm) for mode in ("stored", "read") for algorithm in HASHES]
COMPOSITE = {"ChecksumCRC64NVME": "AAAAAAAAAAA=-2", "ChecksumType": "COMPOSITE"}
COUNTS = ("verified", "unverified", "checksum-mismatch")


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make shards of two files, and treat objects of more than 8 bytes as large."""
    monkeypatch.setattr(core, "SHARD_LINES", 2)
    monkeypatch.setattr(object_content, "RANGE_BYTES", 8)
    monkeypatch.setattr(verify_content, "RANGE_BYTES", 8)


@pytest.mark.parametrize(("mode", "algorithm"), MODES)
@pytest.mark.parametrize("stored", [None, COMPOSITE], ids=["full", "composite"])
def test_other_bytes_of_the_same_size_are_found(
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    algorithm: str,
    stored: dict[str, str] | None,
) -> None:
    """A checksum of parts, or of another algorithm, cannot be compared, so that the object is read."""
    monkeypatch.setenv("VERIFY_CONTENT", mode)
    vault = ContentVault(aws, FILES, algorithm)
    if stored:
        aws.s3.checksums = {f"{FOLDER}{name}": stored for name in FILES}
    aws.s3.put(f"{FOLDER}d/e", b"y" * 100)

    detail = vault.outcome()

    assert (detail["status"], vault.verified_times()) == ("Timed out", 1)
    assert [detail[name] for name in COUNTS] == [4, 0, 1]
    assert detail["examples"] == [
        {
            "type": "checksum-mismatch",
            "key": f"{FOLDER}d/e",
            "inS3": True,
            "listedChecksum": HASHES[algorithm](b"x" * 100),
            "objectChecksum": HASHES[algorithm](b"y" * 100),
        }
    ]
    assert "found 1 checksum-mismatch; verified the content of 4 files" in detail["reason"]


@pytest.mark.parametrize(("mode", "algorithm"), MODES)
@pytest.mark.parametrize("announced", [True, False])
def test_the_right_bytes_clear_a_mismatch(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, mode: str, algorithm: str, announced: bool
) -> None:
    """Only the keys with a new version are compared again; the uploader of the version does not matter."""
    monkeypatch.setenv("VERIFY_CONTENT", mode)
    vault = ContentVault(aws, FILES, algorithm)
    aws.s3.put(f"{FOLDER}b", b"SHORT")

    def put_right() -> None:
        if announced:
            vault.upload("b", b"short")
        else:
            aws.s3.put(f"{FOLDER}b", b"short")

    vault.during = {3: put_right}
    detail = vault.outcome()
    assert (detail["status"], vault.verified_times()) == ("Successful", 2)
    assert [detail[name] for name in COUNTS] == [5, 0, 0]
    results = [key for _, key in aws.s3.versions if key.startswith("content/a/one/2/")]
    assert sorted(results) == [f"content/a/one/2/00000.json{ending}" for ending in ("", "l.gz")]


def test_stored_checksums_are_compared_without_reading(aws: FakeAws) -> None:
    """A million files need a million HEAD requests, and no content is read."""
    vault = ContentVault(aws, FILES)
    assert vault.outcome()["status"] == "Successful"
    versions = {key: list(versions) for (_, key), versions in aws.s3.versions.items()}
    assert versions[f"{FOLDER}b"] == ["version-1"]
    assert aws.s3.operations.count("HeadObject") == 1 + len(FILES)  # and the manifest


def test_an_interrupted_verification_goes_on_where_it_was(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large object continues at a range, and a shard at a file."""
    monkeypatch.setenv("VERIFY_CONTENT", "read")
    monkeypatch.setattr(object_content, "RANGES_AT_ONCE", 1)
    read: list[str] = []
    aws.s3.fails = lambda operation, given: (
        read.append(f"{given['Key'].removeprefix(FOLDER)} {given['Range']}")
        if operation == "GetObject" and given["Key"] == f"{FOLDER}d/e"
        else None
    )
    vault = ContentVault(aws, FILES)
    vault.contexts = [FakeContext(looks_at_the_clock=looks) for looks in (0, 2, 3, 4, 4, 6)]
    assert vault.outcome()["status"] == "Successful"
    assert vault.contexts == []
    assert len(read) == len(set(read)) == 13, "a range was read twice"


def test_a_sha_256_that_no_worker_can_finish_is_unverified(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never counted as verified; the outcome counts such files, and the report lists them."""
    monkeypatch.setenv("VERIFY_CONTENT", "read")
    vault = ContentVault(aws, {"a": b"a", "b": b"x" * 100}, "sha256")
    vault.contexts = [FakeContext(looks_at_the_clock=3), FakeContext(looks_at_the_clock=1)]
    detail = vault.outcome()
    assert (detail["status"], [detail[name] for name in COUNTS]) == ("Successful", [1, 1, 0])
    assert detail["reason"].endswith("; verified the content of 1 files, 1 unverified")
    summary = json.loads(newest(aws, detail["report"]))
    (part,) = summary["remarks"]
    line = json.loads(gzip.decompress(aws.s3.newest(part, bucket=REPORTS_BUCKET)))
    assert (line["type"], line["key"]) == ("unverified", f"{FOLDER}b")


def test_nothing_compared_is_no_success(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 43: both objects are archived."""
    monkeypatch.setenv("VERIFY_CONTENT", "read")
    aws.s3.fails = lambda operation, given: (
        client_error("InvalidObjectState", 403)
        if operation == "GetObject" and "IfMatch" in given
        else None
    )
    detail = ContentVault(aws, {"b": b"short", "c": b"c"}).outcome()
    assert detail["status"] == "Timed out"
    assert [detail[name] for name in COUNTS] == [0, 2, 0]


def test_shards_that_are_compared_twice_and_in_any_order_count_once(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call compares all shards, the last one first."""
    compare = verify_content.handler

    def all_shards(event: dict[str, Any], context: Any) -> Any:
        for shard in reversed(range(event["content"]["shards"])):
            compare({**event, "shard": shard}, context)
        return compare(event, context)

    monkeypatch.setattr(verify_content, "handler", all_shards)
    detail = ContentVault(aws, FILES).outcome()
    assert (detail["status"], [detail[name] for name in COUNTS]) == ("Successful", [5, 0, 0])


def test_a_worker_that_is_killed_changes_no_verdict(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process ends before it stores its position, or between its results and their counts."""
    put, kills = ShardResults._put, iter(range(4))

    def killed(results: ShardResults, ending: str, body: bytes) -> None:
        if ending == ".json" and next(kills, None) is not None:
            raise SystemError("The process was killed")
        if ending != ".unfinished.json.gz":
            put(results, ending, body)

    monkeypatch.setattr(ShardResults, "_put", killed)
    vault = ContentVault(aws, FILES)
    aws.s3.put(f"{FOLDER}d/e", b"y" * 100)
    detail = vault.outcome(count=9)
    assert (detail["status"], [detail[name] for name in COUNTS]) == ("Timed out", [4, 0, 1])


def test_what_a_worker_stored_is_read_by_another_release() -> None:
    """Fields that a release does not know are ignored, and those that are absent have defaults."""
    reading = Reading(entry=Entry("a", 3, "0f"), version="v", etag="e", bytes_read=2, crc=7)
    payload = json.loads(json.dumps(reading.payload()))
    del payload["crc"]
    later = Reading.from_payload({**payload, "addedLater": 1})
    assert later == replace(reading, crc=0)


@pytest.mark.parametrize("code", ["SlowDown", "AccessDenied"])
def test_an_error_costs_iterations_and_changes_no_verdict(aws: FakeAws, code: str) -> None:
    """Throttling slows the verification down; a refused request is tried again after the wait."""
    refusals = iter(range(12))
    aws.s3.fails = lambda operation, _: (
        client_error(code, 503)
        if operation == "HeadObject" and _.get("ChecksumMode") and next(refusals, None) is not None
        else None
    )
    vault = ContentVault(aws, FILES)
    detail = vault.outcome(count=9)
    assert (detail["status"], [detail[name] for name in COUNTS]) == ("Successful", [5, 0, 0])


def test_a_set_that_only_the_last_look_finds_whole_is_unverified(aws: FakeAws) -> None:
    """The last look compares no content."""
    vault = ContentVault(aws, FILES)
    row = aws.dynamodb.tables[EVENT_TABLE].pop(("a", f"{FOLDER}b"))
    original = reconcile_notify.judge

    def late(*given: Any) -> Any:
        aws.dynamodb.tables[EVENT_TABLE]["a", f"{FOLDER}b"] = row
        return original(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconcile_notify, "judge", late)
        detail = vault.outcome()
    assert detail["status"] == "Timed out"
    assert [detail[name] for name in COUNTS] == [0, 5, None]
    assert (
        "names and sizes agree; verified the content of 0 files, 5 unverified" in detail["reason"]
    )


def test_an_object_that_is_gone_meanwhile_is_absent(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names and sizes are compared again before a verdict."""
    vault = ContentVault(aws, FILES)
    compare = ObjectContent.compare

    def gone_now(objects: ObjectContent, entry: Entry) -> Any:
        aws.s3.versions["bucket", f"{FOLDER}b"].clear()
        return compare(objects, entry)

    monkeypatch.setattr(ObjectContent, "compare", gone_now)
    detail = vault.outcome()
    assert (detail["status"], detail["absent"], detail["verified"]) == ("Timed out", 1, 4)
    assert detail["unverified"] == 1


@pytest.mark.parametrize("gone", ["b", "d/e"])
@pytest.mark.parametrize("calls", [1, 2, 3, 6])
def test_a_key_has_one_type(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, calls: int, gone: str
) -> None:
    """An object with wrong content is replaced by one of another size: that is what differs now.

    The last look may take several calls, and each key has its lines in the report once.
    """
    monkeypatch.setattr(merge, "LONGEST_RUN", 1)
    kept = "d/e" if gone == "b" else "b"
    vault = ContentVault(aws, FILES)
    for name, wrong in (("b", b"SHORT"), ("d/e", b"y" * 100)):
        aws.s3.put(f"{FOLDER}{name}", wrong)

    def replaced() -> None:
        aws.s3.put(f"{FOLDER}{gone}", b"longer")

    vault.during = {3: replaced}
    vault.notify_contexts = [FakeContext(looks_at_the_clock=0)] * (calls - 1)
    detail = vault.outcome()
    assert {each["key"].removeprefix(FOLDER): each["type"] for each in detail["examples"]} == {
        gone: "size-mismatch",
        kept: "checksum-mismatch",
    }
    assert (detail["size-mismatch"], [detail[name] for name in COUNTS]) == (1, [3, 1, 1])
    assert vault.notify_contexts == []
    assert reported(aws, detail) == sorted(
        [(gone, "size-mismatch"), (gone, "unverified"), (kept, "checksum-mismatch")]
    )


def reported(aws: FakeAws, detail: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the key and the type of each line of an outcome's report, sorted."""
    summary = json.loads(newest(aws, detail["report"]))
    keys = [*summary["differences"], *summary["remarks"]]
    parts = [aws.s3.newest(key, bucket=REPORTS_BUCKET) for key in keys]
    lines = [json.loads(line) for part in parts for line in gzip.decompress(part).splitlines()]
    return sorted((each["key"].removeprefix(FOLDER), each["type"]) for each in lines)


def test_a_receipt_names_each_version_and_its_checksum(aws: FakeAws) -> None:
    """The outcome contains the SHA-256 of the receipt's index, and the index has the SHA-256 of each part."""
    detail = ContentVault(aws, FILES).outcome()
    index = newest(aws, detail["receipt"])
    assert hashlib.sha256(index).hexdigest() == detail["receipt-sha256"]
    lines: dict[str, Any] = {}
    for part in json.loads(index)["parts"]:
        assert part["key"].startswith("receipts/a/")
        body = aws.s3.newest(part["key"], bucket=REPORTS_BUCKET)
        assert hashlib.sha256(body).hexdigest() == part["sha256"]
        lines |= {line["key"]: line for line in map(json.loads, gzip.decompress(body).splitlines())}
    assert {key.removeprefix(FOLDER) for key in lines} == set(FILES)
    line = lines[f"{FOLDER}b"]
    assert (line["size"], line["verdict"], line["version"]) == (5, "match", "version-1")
    assert line["checksum"] == line["found"] == HASHES["crc64nvme"](b"short")


def newest(aws: FakeAws, uri: str) -> bytes:
    """Return the object of an S3 URI."""
    return aws.s3.newest(uri.removeprefix(f"s3://{REPORTS_BUCKET}/"), bucket=REPORTS_BUCKET)


@given(
    st.lists(st.text("ab\u00e9", max_size=9), min_size=1, max_size=30),
    st.integers(1, 40),
    st.integers(0, 5),
    st.booleans(),
)
def test_each_line_is_in_one_shard(
    names: list[str], shards: int, start: int, ends_in_newline: bool
) -> None:
    """The places where byte ranges cut the lines do not matter."""
    lines = "\n".join(names).encode() + b"\n" * ends_in_newline
    content = b"#" * start + lines
    listing = Listing(
        bucket="b", key="k", version_id="v", start=start, end=len(content), entries=len(names)
    )
    cut = [
        shard_text(lambda first, last: [content[first:last]], listing, number, shards)
        for number in range(shards)
    ]
    assert b"".join(cut) == lines
    found = [line for each in cut for line in each.split(b"\n") if line]
    assert found == [name.encode() for name in names if name]


def test_shards_are_few_and_hold_enough() -> None:
    """There are at most 2,000 shards; a shard of large files has fewer lines."""
    listing = Listing(bucket="b", key="k", version_id="v")
    sets = [(10, 0), (10_000_000, 0), (3, 10 * 2**40), (9, 256 * 2**30)]
    shards = [
        shard_count(replace(listing, entries=entries, size_bytes=size)) for entries, size in sets
    ]
    assert shards == [5, 2_000, 3, 4]
