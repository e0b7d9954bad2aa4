"""Bundles and calls stay within their limits, and contain each upload exactly once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.core.bundles import BusEntry, Classified, calls, compact_json, entries
from handlers.core.events import DATA_UPLOADED, MANIFEST_UPLOADED
from handlers.core.naming import FileKind
from tests.unit.samples import upload

BUNDLE_BYTES, CALL_BYTES, CALL_ENTRIES = 200_000, 240_000, 10
FILLERS = ["x", "\u00e9", "\U0001f600", '"', "\\", "\x01", "\u2028"]


@st.composite
def batches(draw: st.DrawFn) -> list[Classified]:
    """Generate runs of uploads with long keys, so that bundles fill, in any order of runs."""
    batch: list[Classified] = []
    for _ in range(draw(st.integers(0, 14))):
        set_id = draw(st.sampled_from(["a", "b-1", "\u00e9\u00e9"]))
        bucket = draw(st.sampled_from(["bucket", "other-bucket"]))
        kind = draw(st.sampled_from([FileKind.DATA, FileKind.DATA, FileKind.MANIFEST]))
        filler = draw(st.sampled_from(FILLERS))
        length = draw(st.integers(1, 900 // len(filler.encode())))
        for _ in range(draw(st.sampled_from([1, 2, 11, 150, 400]))):
            key = f"{set_id}-vaultjob/{len(batch)}{filler * length}"
            batch.append(
                Classified(
                    message_id=f"m{len(batch)}",
                    set_id=set_id,
                    kind=kind,
                    upload=upload(key, bucket=bucket, size_bytes=len(batch)),
                )
            )
    return batch


def reported(entry: BusEntry) -> list[tuple[str, str, str, int]]:
    """Return set, bucket, key and size of each upload in an entry."""
    detail = json.loads(entry.detail)
    objects = detail["objects"] if entry.detail_type == DATA_UPLOADED else [detail]
    return [
        (detail["set-id"], detail["bucket-name"], each["object-key"], each["object-size"])
        for each in objects
    ]


def asked(batch: Iterable[Classified]) -> list[tuple[str, str, str, int]]:
    """Return set, bucket, key and size of each classified upload."""
    return [
        (each.set_id, each.upload.bucket, each.upload.key, each.upload.size_bytes) for each in batch
    ]


def on_the_wire(entry: BusEntry) -> int:
    """Return the size in bytes of an entry's source, detail type and detail in UTF-8."""
    request = entry.request("bus")
    return sum(len(str(request[name]).encode()) for name in ("Source", "DetailType", "Detail"))


@settings(max_examples=20)
@given(batch=batches())
def test_no_bundle_and_no_call_exceeds_its_limits(batch: list[Classified]) -> None:
    """Pitfall 5: a call above EventBridge's limits fails for all its entries."""
    for call in calls(entries(batch)):
        assert 0 < len(call) <= CALL_ENTRIES
        assert sum(on_the_wire(entry) for entry in call) <= CALL_BYTES
        assert all(len(entry.detail.encode()) <= BUNDLE_BYTES for entry in call)


@settings(max_examples=20)
@given(batch=batches())
def test_each_upload_is_reported_exactly_once(batch: list[Classified]) -> None:
    """Pitfall 5: no upload is lost or doubled at the limits."""
    published = [entry for call in calls(entries(batch)) for entry in call]
    assert Counter(each for entry in published for each in reported(entry)) == Counter(asked(batch))


@settings(max_examples=20)
@given(batch=batches())
def test_an_entry_has_the_messages_of_its_uploads(batch: list[Classified]) -> None:
    """Pitfall 5: a refused entry fails only its own messages."""
    by_id = {each.message_id: each for each in batch}
    for entry in entries(batch):
        assert reported(entry) == asked(by_id[message_id] for message_id in entry.message_ids)


@settings(max_examples=20)
@given(batch=batches())
def test_bundles_are_as_few_as_their_order_allows(batch: list[Classified]) -> None:
    """Two neighbouring bundles of one dataset would not fit into one."""
    for call in calls(entries(batch)):
        for one, two in pairwise(call):
            if one.detail_type == two.detail_type == DATA_UPLOADED:
                same = reported(one)[0][:2] == reported(two)[0][:2]
                first_of_next = json.loads(two.detail)["objects"][0]
                extra = len(compact_json(first_of_next).encode()) + 1
                assert not same or len(one.detail.encode()) + extra > BUNDLE_BYTES - 10


def data_of_length(length: int) -> Classified:
    """Return an upload whose key has *length* bytes."""
    return Classified(message_id="m", set_id="a", kind=FileKind.DATA, upload=upload(length * "x"))


def test_a_bundle_is_filled_almost_to_its_last_byte_and_no_further() -> None:
    body = [data_of_length(702) for _ in range(262)]
    fullest = max(
        len(next(entries([*body, data_of_length(length)])).detail.encode())
        for length in range(700, 850)
    )
    assert BUNDLE_BYTES - 2 <= fullest <= BUNDLE_BYTES


def test_a_manifest_has_its_own_entry_and_data_files_share_one() -> None:
    batch = [
        Classified(message_id=name, set_id="a", kind=kind, upload=upload(f"a-vaultjob/{name}"))
        for name, kind in (
            ("x", FileKind.DATA),
            ("a.manifest", FileKind.MANIFEST),
            ("y", FileKind.DATA),
        )
    ]
    assert [(entry.detail_type, entry.message_ids) for entry in entries(batch)] == [
        (MANIFEST_UPLOADED, ["a.manifest"]),
        (DATA_UPLOADED, ["x", "y"]),
    ]


def test_uploads_of_two_datasets_or_buckets_share_no_bundle() -> None:
    batch = [
        Classified(
            message_id=f"{set_id} {bucket}",
            set_id=set_id,
            kind=FileKind.DATA,
            upload=upload(f"{set_id}-vaultjob/x", bucket=bucket),
        )
        for set_id in ("a-1", "a-2")
        for bucket in ("one", "two")
    ]
    assert [entry.message_ids for entry in entries(batch)] == [
        ["a-1 one"],
        ["a-1 two"],
        ["a-2 one"],
        ["a-2 two"],
    ]


def test_no_uploads_make_no_call() -> None:
    assert list(calls(entries([]))) == []
