"""A check pins the manifest, continues from the check before, and is never done too early."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.core.errors import ManifestError
from handlers.core.events import ManifestUpload
from handlers.reconcile_check import MAX_CONTINUATIONS, handler
from tests.unit.comparison_cases import differences, without_remarks
from tests.unit.fakes import OUTCOME_TABLE, FakeAws, FakeContext, installed
from tests.unit.manifests import rich
from tests.unit.refusals import client_error
from tests.unit.samples import (
    EVENT_TIME,
    EXECUTION,
    HOSTILE_NAMES,
    OTHER_EXECUTION,
    manifest_upload,
    put_row,
    store,
    task_event,
)

EXECUTION_STARTED = 1_604_579_700
MANIFEST_KEY = "a-vaultjob/a.manifest"
LISTABLE_NAMES = {
    title: name
    for title, name in HOSTILE_NAMES.items()
    if title not in {"newline", "carriage return", "control"}
}
"""The client refuses line feeds and NUL before anything is copied."""

Payload = dict[str, Any]


def check(
    before: Payload | None = None,
    *,
    manifest: ManifestUpload | None = None,
    execution: str = EXECUTION,
    context: FakeContext | None = None,
) -> Payload:
    """Return a check's result, through JSON as in Step Functions."""
    event = task_event(manifest=manifest, execution=execution, check=before)
    answer: Payload = json.loads(json.dumps(handler(event, (context or FakeContext()).typed)))
    return answer


def stands_at(payload: Payload) -> tuple[str, str] | None:
    """Return type and key of the difference at which a check stopped."""
    finding = payload["progress"]["finding"]
    return finding and (finding["difference"], finding["key"])


def arrive(aws: FakeAws, name: str, *, size_bytes: int = 0, set_id: str = "a") -> None:
    """Upload a file into the dataset and announce it."""
    aws.s3.put(f"a-vaultjob/{name}", size_bytes * b"x")
    put_row(aws, f"a-vaultjob/{name}", size_bytes=size_bytes, set_id=set_id)


def test_a_whole_dataset_is_done(aws: FakeAws) -> None:
    version = store(aws, lines=["x", "d/y"], announced=["x", "d/y"], objects=["x", "d/y"])
    payload = check()
    assert payload["reconcileDone"] is True
    assert payload["continueNow"] is False
    assert payload["manifestVersionId"] == version


def test_a_check_stops_at_the_first_difference_until_it_is_resolved(aws: FakeAws) -> None:
    """Pitfall 12: it looks up only that key, and reads nothing again."""
    names = [f"{n:02}" for n in range(20)]
    there = [name for name in names if name != "07"]
    store(aws, lines=names, announced=there, objects=there)
    payload = check()
    assert stands_at(payload) == ("missing", "a-vaultjob/07")

    aws.dynamodb.operations.clear()
    aws.s3.operations.clear()
    assert check(payload) == payload
    assert aws.dynamodb.operations == ["GetItem", "UpdateItem"], "the key, and the register"
    assert aws.s3.operations == []

    arrive(aws, "07")
    assert check(payload)["reconcileDone"] is True


def test_after_a_difference_is_resolved_everything_is_read_again(aws: FakeAws) -> None:
    """Pitfall 16: an object that was deleted after its key was read is found."""
    store(aws, lines=["x", "y", "z"], announced=["x", "z"], objects=["x", "z"])
    payload = check()
    assert stands_at(payload) == ("missing", "a-vaultjob/y")

    aws.s3.versions[("bucket", "a-vaultjob/x")].clear()
    arrive(aws, "a")
    arrive(aws, "y")
    payload = check(payload)
    assert stands_at(payload) == ("unexpected", "a-vaultjob/a")
    assert check(payload) == payload
    aws.s3.versions[("bucket", "a-vaultjob/a")].clear()
    payload = check(payload)
    assert stands_at(payload) == ("absent", "a-vaultjob/x")
    arrive(aws, "x")
    payload = check(payload)
    assert payload["reconcileDone"] is True
    assert payload["progress"]["remarks"] == {"vanished": 1}


def test_the_last_lap_does_not_end_before_a_folder_is_judged(aws: FakeAws) -> None:
    """Pitfall 15: ``dir`` is not certain before ``dir/``, which comes after the end of the lap."""
    names = ["dir", "dir-a", "dir-b"]
    store(aws, lines=names, announced=["dir", "dir-b"], objects=["dir/", "dir-a", "dir-b"])
    payload = check()
    assert stands_at(payload) == ("missing", "a-vaultjob/dir-a")
    put_row(aws, "a-vaultjob/dir-a")
    put_row(aws, "a-vaultjob/dir", expires_at=int(aws.clock.now))
    assert stands_at(check(payload)) == ("missing", "a-vaultjob/dir")


@settings(max_examples=100)
@given(
    listed=st.sets(
        st.sampled_from(["a", "b", "b-", "b/c", "b/c-", "b/c/d", "e", "f/g"]), min_size=1
    ),
    order=st.randoms(use_true_random=False),
    looks=st.lists(st.none() | st.integers(0, 3), min_size=1),
    page=st.integers(1, 3),
)
def test_uploads_in_any_order_end_in_done_and_never_before(
    listed: set[str], order: Any, looks: list[int | None], page: int
) -> None:
    """Pitfall 9, 16: objects and events arrive at any time, and checks stop at any time."""
    arrivals = [(kind, name) for name in sorted(listed) for kind in ("object", "event")]
    order.shuffle(arrivals)
    folders = {name for name in listed if any(each.startswith(f"{name}/") for each in listed)}
    announced: set[str] = set()
    objects: set[str] = set()
    with installed(FakeAws()) as aws:
        aws.dynamodb.items_a_page = aws.s3.keys_a_page = page
        store(aws, lines=listed)
        payload: Payload | None = None
        for turn in range(10 * (len(arrivals) + len(looks))):
            payload = check(
                payload, context=FakeContext(looks_at_the_clock=looks[turn % len(looks)])
            )
            if payload["reconcileDone"]:
                break
            if arrivals and not payload["continueNow"]:
                kind, name = arrivals.pop()
                if kind == "event":
                    announced.add(name)
                    put_row(aws, f"a-vaultjob/{name}")
                else:
                    objects.add(f"{name}/" if name in folders else name)
                    aws.s3.put(f"a-vaultjob/{name}{'/' if name in folders else ''}")
    assert payload is not None
    assert payload["reconcileDone"]
    assert without_remarks(differences(listed, announced, objects)) == {}


def test_a_page_limit_never_exceeds_an_int32(aws: FakeAws) -> None:
    """Pitfall 35: a limit that doubles without a bound exceeds int32 after 25 pages."""
    names = [f"{number:02}" for number in range(80)]
    store(aws, lines=names, announced=names, objects=names)
    assert check()["reconcileDone"] is True
    assert aws.dynamodb.operations.count("Query") >= 40


def test_a_check_that_stops_at_its_time_goes_on_at_once(aws: FakeAws) -> None:
    store(aws, lines=["x", "y"], announced=["x", "y"], objects=["x", "y"])
    aws.dynamodb.items_a_page = aws.s3.keys_a_page = 1
    payload = check(context=FakeContext(remaining_ms=29_999))
    assert (payload["reconcileDone"], payload["continueNow"]) == (False, True)
    assert payload["continuations"] == 1
    payload = check(payload, context=FakeContext(remaining_ms=30_000))
    assert (payload["reconcileDone"], payload["continueNow"]) == (True, False)
    assert payload["continuations"] == 1


def test_continuations_are_bounded(aws: FakeAws) -> None:
    """Pitfall 19: after this number a check waits for its next iteration."""
    store(aws, lines=["x", "y"], announced=["x", "y"], objects=["x", "y"])
    aws.dynamodb.items_a_page = aws.s3.keys_a_page = 1
    payload = check(context=FakeContext(remaining_ms=0)) | {"continuations": MAX_CONTINUATIONS}
    assert check(payload, context=FakeContext(looks_at_the_clock=0))["continueNow"] is False


def test_pages_that_the_filter_leaves_empty_are_read_within_the_time(aws: FakeAws) -> None:
    """A million expired rows must not exceed the function's time, nor be read again by the next check."""
    store(aws, lines=["x", "z"], objects=["x", "z"])
    for number in range(40):
        put_row(aws, f"a-vaultjob/y{number:02}", expires_at=int(aws.clock.now))
    put_row(aws, "a-vaultjob/x")
    put_row(aws, "a-vaultjob/z")
    payload: Payload | None = None
    queries = []
    for _ in range(30):
        aws.dynamodb.operations.clear()
        payload = check(payload, context=FakeContext(looks_at_the_clock=1))
        queries.append(aws.dynamodb.operations.count("Query"))
        if not payload["continueNow"]:
            break
    assert payload is not None
    assert payload["reconcileDone"]
    assert max(queries) <= 4
    assert sum(queries) < 2 * 42 / aws.dynamodb.items_a_page


def test_the_first_check_pins_the_version_and_all_others_read_it(aws: FakeAws) -> None:
    """Pitfall 18: a manifest that is replaced is another upload with its own execution."""
    version = store(aws, lines=["x"], announced=[], objects=[])
    payload = check()
    store(aws, lines=["other"])
    arrive(aws, "x")
    payload = check(payload)
    assert payload["reconcileDone"] is True
    assert payload["manifestVersionId"] == version


def test_a_first_check_that_is_repeated_keeps_its_version(aws: FakeAws) -> None:
    """Pitfall 18: its first answer may have been lost."""
    version = store(aws, lines=["x"])
    check()
    newer = store(aws, lines=["y"])
    assert check()["manifestVersionId"] == version
    assert check(execution=OTHER_EXECUTION)["manifestVersionId"] == newer
    pins = [row for row in aws.dynamodb.rows(OUTCOME_TABLE) if row["id"]["S"].startswith("pin#")]
    assert len(pins) == 2


def test_an_empty_folder_that_was_absent_may_still_come(aws: FakeAws) -> None:
    """Pitfall 15: S3 has ``e/`` where event and manifest have ``e``; its neighbours are different keys."""
    store(aws, lines=["e", "x"], announced=["e", "x"], objects=["x"])
    payload = check()
    for neighbour in ("e-", "e0", "ee/x"):
        assert stands_at(payload) == ("absent", "a-vaultjob/e")
        aws.s3.put(f"a-vaultjob/{neighbour}")
        assert check(payload) == payload
    aws.s3.put("a-vaultjob/e/")
    assert check(payload)["reconcileDone"] is True


def test_expired_rows_do_not_count(aws: FakeAws) -> None:
    """Pitfall 10: DynamoDB deletes them at some later time."""
    store(aws, lines=["x"], objects=["x"])
    put_row(aws, "a-vaultjob/x", expires_at=int(aws.clock.now))
    payload = check()
    assert stands_at(payload) == ("missing", "a-vaultjob/x")
    assert check(payload) == payload
    put_row(aws, "a-vaultjob/x", expires_at=int(aws.clock.now) + 1)
    assert check(payload)["reconcileDone"] is True


@pytest.mark.parametrize("share", ["", "p/", "p/q/"])
def test_one_set_id_under_two_shares_is_two_datasets(aws: FakeAws, share: str) -> None:
    """Pitfall 3: readers read the set's own folder only."""
    for prefix in ("", "p/", "p/q/", "r/"):
        if prefix != share:
            put_row(aws, f"{prefix}a-vaultjob/theirs")
            aws.s3.put(f"{prefix}a-vaultjob/theirs")
    manifest = manifest_upload(f"{share}a-vaultjob/a.manifest")
    store(aws, lines=["ours"], announced=["ours"], objects=["ours"], manifest=manifest)
    assert check(manifest=manifest)["reconcileDone"] is True


@pytest.mark.parametrize(
    "key",
    ["a-vaultjob0", "a-vaultjob", "a-vaultjob-2/x", "a-vaultjo/x", "a-vaultjob.", "a-vaultjob00/x"],
)
def test_neighbours_of_the_folder_are_not_in_it(aws: FakeAws, key: str) -> None:
    """Pitfall 1: this holds also if DynamoDB and S3 sort them next to it."""
    store(aws, lines=["x"], announced=["x"], objects=["x"])
    put_row(aws, key)
    aws.s3.put(key)
    assert check()["reconcileDone"] is True


def test_the_manifest_and_the_folder_itself_are_no_data(aws: FakeAws) -> None:
    store(aws, lines=["x"], announced=["x", "a.manifest"], objects=["x", ""])
    put_row(aws, "a-vaultjob")
    assert check()["reconcileDone"] is True


@pytest.mark.parametrize("name", LISTABLE_NAMES.values(), ids=LISTABLE_NAMES)
def test_hostile_names_are_compared_literally(aws: FakeAws, name: str) -> None:
    """Pitfall 4: in manifests, rows and objects; no name is treated as a line end or a pattern."""
    manifest = manifest_upload(f"{name}-vaultjob/{name}.manifest", set_id=name)
    store(aws, lines=[name, f"{name}/{name}"], manifest=manifest)
    payload = check(manifest=manifest)
    assert stands_at(payload) == ("missing", f"{name}-vaultjob/{name}/{name}")
    for key in (f"{name}-vaultjob/{name}", f"{name}-vaultjob/{name}/{name}"):
        put_row(aws, key, set_id=name)
    aws.s3.put(f"{name}-vaultjob/{name}/{name}")
    assert check(payload, manifest=manifest)["reconcileDone"] is True


def test_ignored_names_are_ignored_only_if_they_are_unexpected(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "IGNORE_UNEXPECTED", '[".nfs*", "Thumbs.db"]')
    store(
        aws,
        lines=[".nfs1", "x"],
        announced=[".nfs2", "d/Thumbs.db", "x"],
        objects=[".nfs1", ".nfs2", "d/Thumbs.db", "x"],
    )
    payload = check()
    assert stands_at(payload) == ("missing", "a-vaultjob/.nfs1")
    put_row(aws, "a-vaultjob/.nfs1")
    payload = check(payload)
    assert payload["reconcileDone"] is True
    assert payload["progress"]["remarks"] == {"ignored": 2}


@pytest.mark.parametrize(
    ("pattern", "ignored"),
    [
        ("[x].tmp", True),
        ("*.tmp", True),
        ("???.tmp", True),
        ("[[]x].tmp", False),
        ("x.tmp", False),
        ("*.TMP", False),
        ("d/*.tmp", False),
        ("d", True),
        ("?", True),
        ("a-vaultjob", False),
        ("*-vaultjob", False),
    ],
)
def test_patterns_have_only_the_wildcards_star_and_question_mark(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, pattern: str, ignored: bool
) -> None:
    """They match any component below the set's folder; a bracket is an ordinary character."""
    monkeypatch.setitem(os.environ, "IGNORE_UNEXPECTED", json.dumps([pattern]))
    names = ["d/[x].tmp", "y"]
    store(aws, lines=["y"], announced=names, objects=names)
    assert check()["reconcileDone"] is ignored


def test_without_verification_only_the_manifest_is_read_from_s3(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "VERIFY_OBJECTS", "false")
    store(aws, lines=["x", "y"], announced=["x"])
    payload = check()
    assert payload["progress"]["finding"]["in_s3"] is None
    put_row(aws, "a-vaultjob/y")
    assert check(payload)["reconcileDone"] is True
    assert "ListObjectsV2" not in aws.s3.operations


@pytest.mark.parametrize("verified", ["true", "false"])
def test_a_file_of_another_size_is_a_difference_until_it_has_the_listed_size(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, verified: str
) -> None:
    """Pitfall 15: the sizes are S3's, or those of the events if S3 is not read."""
    monkeypatch.setitem(os.environ, "VERIFY_OBJECTS", verified)
    aws.s3.put(MANIFEST_KEY, rich([(5, "a-vaultjob/x"), (0, "a-vaultjob/y")]))
    arrive(aws, "x", size_bytes=4)
    arrive(aws, "y", size_bytes=0)
    payload = check()
    finding = payload["progress"]["finding"]
    assert stands_at(payload) == ("size-mismatch", "a-vaultjob/x")
    assert (finding["listed_bytes"], finding["object_bytes"]) == (5, 4)
    assert stands_at(check(payload)) == ("size-mismatch", "a-vaultjob/x")
    arrive(aws, "x", size_bytes=5)
    assert check(payload)["reconcileDone"] is True


def test_a_folder_with_the_name_of_a_listed_file_does_not_replace_it(aws: FakeAws) -> None:
    """Pitfall 15: a listed size above 0 means a file."""
    aws.s3.put(MANIFEST_KEY, rich([(5, "a-vaultjob/x"), (0, "a-vaultjob/y")]))
    for name in ("x", "y"):
        put_row(aws, f"a-vaultjob/{name}", size_bytes=5)
        aws.s3.put(f"a-vaultjob/{name}/z")
    payload = check()
    assert stands_at(payload) == ("absent", "a-vaultjob/x")
    assert check(payload) == payload
    aws.s3.put("a-vaultjob/x", b"12345")
    assert check(payload)["reconcileDone"] is True


def test_a_folders_marker_with_the_listed_size_or_without_any_is_no_difference(
    aws: FakeAws,
) -> None:
    """Pitfall 15, 44: the sizes of the folder's contents do not matter."""
    aws.s3.put(MANIFEST_KEY, rich([(0, "a-vaultjob/d"), (1, "a-vaultjob/d-")]))
    arrive(aws, "d-", size_bytes=1)
    put_row(aws, "a-vaultjob/d")
    aws.s3.put("a-vaultjob/d/", b"12345")
    aws.s3.put("a-vaultjob/d/x", b"123")
    payload = check()
    assert stands_at(payload) == ("size-mismatch", "a-vaultjob/d")
    assert check(payload) == payload
    for marker in (None, b""):
        aws.s3.versions[("bucket", "a-vaultjob/d/")].clear()
        if marker is not None:
            aws.s3.put("a-vaultjob/d/", marker)
        assert check(payload)["reconcileDone"] is True


def test_the_longest_key_may_be_absent_and_arrive_later(aws: FakeAws) -> None:
    """Pitfall 35: S3 refuses a prefix of 1,025 bytes, which a lookup of a folder of that name would have."""
    name = 1013 * "x"
    key = f"a-vaultjob/{name}"
    assert len(key) == 1024
    store(aws, lines=[name], announced=[name])
    payload = check()
    assert stands_at(payload) == ("absent", key)
    assert check(payload) == payload
    aws.s3.put(key)
    assert check(payload)["reconcileDone"] is True


def test_a_file_that_vanishes_is_no_longer_unexpected(aws: FakeAws) -> None:
    """Pitfall 36: an editor's lock file is announced and then deleted; its row stays."""
    store(aws, lines=["x"], announced=["x", "x.lock"], objects=["x", "x.lock"])
    payload = check()
    assert stands_at(payload) == ("unexpected", "a-vaultjob/x.lock")
    aws.s3.versions[("bucket", "a-vaultjob/x.lock")].clear()
    payload = check(payload)
    assert payload["reconcileDone"] is True
    assert payload["progress"]["remarks"] == {"vanished": 1}


def test_without_verification_a_vanished_file_is_unexpected(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "VERIFY_OBJECTS", "false")
    store(aws, lines=["d/x"], announced=["d", "d/x", "e", "y"])
    payload = check()
    assert stands_at(payload) == ("unexpected", "a-vaultjob/e")


def test_a_set_delivered_again_is_not_done_because_of_old_rows(aws: FakeAws) -> None:
    """Pitfall 17: only rows since the beginning of the vaulting count."""
    began = EVENT_TIME + 3600
    aws.s3.written_at += timedelta(hours=2)
    aws.s3.put(MANIFEST_KEY, rich([(0, "a-vaultjob/x"), (0, "a-vaultjob/y")], began=began))
    for name, time in (("x", EVENT_TIME), ("y", began - 120)):
        aws.s3.put(f"a-vaultjob/{name}")
        put_row(aws, f"a-vaultjob/{name}", event_time=time)
    payload = check()
    assert stands_at(payload) == ("missing", "a-vaultjob/x")
    assert check(payload) == payload
    put_row(aws, "a-vaultjob/x", event_time=began + 1)
    assert check(payload)["reconcileDone"] is True


def test_a_manifest_of_a_client_whose_clock_is_ahead_fails_at_once(aws: FakeAws) -> None:
    """Pitfall 40: its first delivery would be *Timed out* after hours, with every file missing.

    The manifest's arrival in S3 counts, not its event's time, which may be that of an older
    version.
    """
    arrived = int(aws.s3.written_at.timestamp())
    aws.s3.put(MANIFEST_KEY, rich([(0, "a-vaultjob/x")], began=arrived + 121))
    with pytest.raises(ManifestError, match="121 seconds"):
        check()


def test_a_clock_that_is_ahead_by_less_than_the_tolerance_does_no_harm(aws: FakeAws) -> None:
    arrived = int(aws.s3.written_at.timestamp())
    aws.s3.put(MANIFEST_KEY, rich([(0, "a-vaultjob/x")], began=arrived + 120))
    assert stands_at(check()) == ("missing", "a-vaultjob/x")


def test_a_missing_manifest_is_an_error_with_a_name(aws: FakeAws) -> None:
    """Pitfall 13: no retry resolves it."""
    with pytest.raises(ManifestError, match=r"a-vaultjob/a\.manifest"):
        check()


@pytest.mark.parametrize("content", [b"", b"\n", b"a-vaultjob/\xff\n", b"b-vaultjob/x\n"])
def test_an_unusable_manifest_is_an_error_with_a_name(aws: FakeAws, content: bytes) -> None:
    """Pitfall 13: it never counts as identical."""
    aws.s3.put(MANIFEST_KEY, content)
    with pytest.raises(ManifestError):
        check()


@pytest.mark.parametrize("failing", ["HeadObject", "GetObject", "ListObjectsV2"])
@pytest.mark.parametrize(("code", "status"), [("SlowDown", 503), ("403", 403), ("500", 500)])
def test_what_a_retry_may_cure_is_no_fault_of_the_manifest(
    aws: FakeAws, code: str, status: int, failing: str
) -> None:
    """Pitfall 20: ManifestError is never retried."""

    def fails(operation: str, _: Mapping[str, Any]) -> Exception | None:
        return client_error(code, status) if operation == failing else None

    store(aws, lines=["x"])
    aws.s3.fails = fails
    with pytest.raises(ClientError):
        check()


def test_the_result_of_a_check_stays_small(aws: FakeAws) -> None:
    """Pitfall 15 and 20: held keys are prefixes of the current one, and thus within its 1,024 bytes."""
    names = [n * "-" for n in range(1, 900)]
    aws.s3.keys_a_page = 1000
    store(aws, lines=names, objects=names)
    payload = check(context=FakeContext(looks_at_the_clock=890))
    assert payload["continueNow"]
    assert len(payload["progress"]["held"]) > 800
    assert len(json.dumps(payload)) < 100_000
    assert stands_at(check(payload)) == ("missing", "a-vaultjob/-")


def test_each_check_measures_how_long_the_execution_has_run(
    aws: FakeAws, metrics: Callable[[], Counter[str]]
) -> None:
    store(aws, lines=["x"], announced=["x"], objects=["x"])
    aws.clock.now = EXECUTION_STARTED + 7_200
    check()
    assert metrics()["ReconciliationAge"] == 7_200
