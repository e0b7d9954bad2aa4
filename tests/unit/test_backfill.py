"""``sgvault backfill``: it announces S3 objects that have no row, unless they may still grow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.aws.outcome_store import OutcomeStore
from handlers.classify_upload import handler
from handlers.core.outcome import outcome_id
from tests.unit.fakes import FakeContext
from tests.unit.manifests import rich
from tests.unit.operator_account import PARAMETER, Account
from tests.unit.operator_set import MANIFEST, OLD, Place, placed
from tests.unit.refusals import client_error
from tests.unit.samples import batch, manifest_upload, put_row
from tests.unit.sgvault import sgvault


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr("operations.backfill.time.sleep", lambda _: None)
    with placed() as made:
        yield made


def test_a_set_whose_every_event_was_lost_is_announced_completely(place: Place) -> None:
    """The data files come first and the manifest last, each with its time in S3."""
    sizes = {"a-vaultjob/deep/two": 5, "a-vaultjob/empty": 0, "a-vaultjob/one": 3}
    place.put(MANIFEST, rich([(size, key) for key, size in sizes.items()], began=OLD))
    place.put("a-vaultjob/one", b"one")
    place.put("a-vaultjob/deep/two", b"two !")
    place.put("a-vaultjob/empty/", b"")
    ran = sgvault("backfill", "a", "--yes", "--json")
    assert ran.status == 0, ran.err
    assert place.keys() == [*sizes, MANIFEST]
    assert [each["detail"]["object-size"] for each in place.announced()][:3] == [5, 0, 3]
    assert {each["time"] for each in place.announced()} == {"2020-11-05T12:40:00Z"}
    assert ran.json["announced"] == 3
    assert handler(batch(*place.announced()), FakeContext().typed) == {"batchItemFailures": []}


def test_a_dry_run_sends_nothing_and_shows_what_would_be_sent(place: Place) -> None:
    place.put(MANIFEST, rich([(3, "a-vaultjob/one"), (3, "a-vaultjob/two")], began=OLD))
    place.put("a-vaultjob/one", b"one")
    ran = sgvault("backfill", "a", "--dry-run", "--json")
    assert ran.status == 0
    assert {each["key"]: each["verdict"] for each in ran.json["keys"]} == {
        "a-vaultjob/one": "announce",
        "a-vaultjob/two": "not in S3",
    }
    assert place.announced() == []
    assert "lists 2 files; 2 have no row.\n" in sgvault("backfill", "a", "--dry-run").out


def test_the_numbers_agree_and_leave_out_the_manifest(place: Place) -> None:
    """A plain manifest has no sizes, so it is looked at like the files."""
    place.put(MANIFEST, b"a-vaultjob/one\na-vaultjob/two\n")
    for key in ("a-vaultjob/one", "a-vaultjob/two"):
        place.put(key, b"one")
    put_row(place.aws, "a-vaultjob/one", event_time=OLD)
    assert sgvault("backfill", "a", "--yes").out.splitlines() == [
        "a-vaultjob/a.manifest lists 2 files; 1 has no row.",
        "files  what becomes of them",
        "    1  announce",
        "Then: the manifest is announced.",
        "Announced 1 file; the manifest is announced.",
        "Next: sgvault watch a",
    ]
    put_row(place.aws, "a-vaultjob/two", event_time=OLD)
    dry = sgvault("backfill", "a", "--dry-run", "--json").json
    assert (dry["missing"], dry["keys"]) == (0, [])
    out = sgvault("backfill", "a", "--dry-run").out
    assert out.startswith("a-vaultjob/a.manifest lists 2 files; each has a row.\nThen: ")


def test_what_has_a_row_is_not_announced_again(place: Place) -> None:
    place.put(MANIFEST, rich([(3, "a-vaultjob/one"), (3, "a-vaultjob/two")], began=OLD))
    for key in ("a-vaultjob/one", "a-vaultjob/two"):
        place.put(key, b"one")
    put_row(place.aws, "a-vaultjob/one", event_time=OLD)
    assert sgvault("backfill", "a", "--yes").status == 0
    assert place.keys() == ["a-vaultjob/two", MANIFEST]


def test_a_file_in_a_folder_beside_a_name_that_sorts_between_them(place: Place) -> None:
    """The merge reports a key that may be a folder late, and the sizes must stay with their keys."""
    names = ["a-vaultjob/dir", "a-vaultjob/dir-a", "a-vaultjob/dir.txt"]
    place.put(MANIFEST, rich([(0, names[0]), (1, names[1]), (2, names[2])], began=OLD))
    place.put("a-vaultjob/dir/", b"")
    place.put(names[1], b"1")
    place.put(names[2], b"22")
    assert sgvault("backfill", "a", "--yes").status == 0
    assert place.keys() == [*names, MANIFEST]


@pytest.mark.parametrize(
    ("content", "modified", "reason"),
    [
        (b"on", OLD, "not of the listed size"),
        (b"one", OLD - 10_000, "of an earlier delivery"),
    ],
)
def test_a_partial_object_or_one_of_an_earlier_delivery_is_held_back(
    place: Place, content: bytes, modified: int, reason: str
) -> None:
    place.put(MANIFEST, rich([(3, "a-vaultjob/one")], began=OLD))
    place.put("a-vaultjob/one", content, modified=modified)
    ran = sgvault("backfill", "a", "--yes")
    assert ran.status == 1
    assert f"a-vaultjob/one: {reason}" in ran.out
    assert place.keys() == [MANIFEST]


def test_without_sizes_an_object_that_changes_between_two_looks_is_held_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest may be unsorted: the sorted copy is a local file, and nothing is written to S3."""
    place.put(MANIFEST, b"a-vaultjob/two\na-vaultjob/one\n")
    place.put("a-vaultjob/one", b"one")
    place.put("a-vaultjob/two", b"two")
    waited: list[float] = []

    def grow(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 1:
            place.put("a-vaultjob/two", b"two, and more")

    monkeypatch.setattr("operations.backfill.time.sleep", grow)
    ran = sgvault("backfill", "a", "--yes")
    assert ran.status == 1
    assert sum(waited) >= PARAMETER["uploadSettlingSeconds"]
    assert "a-vaultjob/two: changed between two looks" in ran.out
    assert place.keys() == ["a-vaultjob/one", MANIFEST]
    assert "PutObject" not in place.s3.operations


def test_a_plain_manifest_that_may_still_grow_is_not_announced(place: Place) -> None:
    place.put(MANIFEST, b"a-vaultjob/one\n", modified=2_000_000_000)
    place.put("a-vaultjob/one", b"one")
    ran = sgvault("backfill", "a", "--yes")
    assert ran.status == 1
    assert "the manifest is not announced, because it may still be growing" in ran.out
    assert place.keys() == ["a-vaultjob/one"]


def test_where_the_upload_has_an_outcome_the_next_attempt_is_started(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put(MANIFEST, rich([(3, "a-vaultjob/one")], began=OLD))
    place.put("a-vaultjob/one", b"one")
    statuses = iter(["Timed out", None])
    monkeypatch.setattr(OutcomeStore, "status", lambda *_: next(statuses))
    ran = sgvault("backfill", "a", "--yes", "--json")
    assert ran.status == 0
    assert place.keys() == ["a-vaultjob/one"]
    (started,) = place.account.named("StartExecution")
    assert json.loads(started["input"])["detail"]["attempt"] == 2
    assert ran.json["executionArn"] == "an-execution"


@pytest.mark.parametrize("attempt", [1, 2])
@pytest.mark.parametrize("form", ["plain", "rich"])
def test_while_an_attempt_runs_the_files_are_announced_and_nothing_else_is_started(
    place: Place, attempt: int, form: str
) -> None:
    """A second execution would only compare the same."""
    manifest = rich([(3, "a-vaultjob/one")], began=OLD) if form == "rich" else b"a-vaultjob/one\n"
    place.put(MANIFEST, manifest)
    place.put("a-vaultjob/one", b"one")
    detail = {**manifest_upload().detail(), "attempt": attempt}
    begun = datetime.fromtimestamp(OLD + 60, UTC)
    place.run(status="RUNNING", startDate=begun, input=json.dumps({"detail": detail}))
    ran = sgvault("backfill", "a", "--yes")
    assert (ran.status, place.keys()) == (0, ["a-vaultjob/one"])
    assert f"Announced 1 file; attempt {attempt}, which is running, compares again.\n" in ran.out
    put_row(place.aws, "a-vaultjob/one", event_time=OLD)
    ran = sgvault("backfill", "a", "--yes", "--json")
    assert (ran.json["attempt"], ran.json["announced"]) == (attempt, 0)
    assert place.keys() == ["a-vaultjob/one"]
    assert not place.account.named("StartExecution")


def test_an_attempt_whose_outcome_expired_keeps_its_number(place: Place) -> None:
    place.put(MANIFEST, rich([(3, "a-vaultjob/one")], began=OLD))
    place.put("a-vaultjob/one", b"one")
    version_id = place.s3.head_object(Bucket="bucket", Key=MANIFEST)["VersionId"]
    outcomes = OutcomeStore(table=PARAMETER["outcomeTableName"], expiry_days=30)
    assert [outcomes.next_attempt("bucket", MANIFEST, version_id) for _ in range(2)] == [2, 3]
    sgvault("backfill", "a", "--yes")
    (started,) = place.account.named("StartExecution")
    assert json.loads(started["input"])["detail"]["attempt"] == 4


def test_a_first_outcome_that_expired_keeps_its_number(place: Place) -> None:
    """The register has the outcome's id, and a mark if it was *Successful*.

    Without a missing row, nothing is started: another attempt would announce another outcome to all
    consumers.
    """
    place.put(MANIFEST, rich([(3, "a-vaultjob/one")], began=OLD))
    place.put("a-vaultjob/one", b"one")
    id_ = outcome_id(
        manifest_upload(), place.s3.head_object(Bucket="bucket", Key=MANIFEST)["VersionId"]
    )
    row = {"folder": {"S": "a-vaultjob/"}, "setId": {"S": "a"}, "outcomeId": {"S": id_}}
    place.register["a-vaultjob/"] = row | {"outcome": {"S": "Successful"}}
    sgvault("backfill", "a", "--yes")
    (started,) = place.account.named("StartExecution")
    assert json.loads(started["input"])["detail"]["attempt"] == 2
    assert place.keys() == ["a-vaultjob/one"]
    assert len(place.account.named("BatchGetItem")) == 1

    put_row(place.aws, "a-vaultjob/one", event_time=OLD)
    again = sgvault("backfill", "a", "--yes")
    assert again.status == 0
    assert (
        "Then: nothing, because the outcome is Successful and there is no file to announce."
        in again.out
    )
    assert place.keys() == ["a-vaultjob/one"]
    assert len(place.account.named("StartExecution")) == 1


def test_a_refused_announcement_is_named(place: Place) -> None:
    place.put(MANIFEST, rich([(3, "a-vaultjob/one")], began=OLD))
    place.put("a-vaultjob/one", b"one")

    def refuse(account: Account, parameters: Mapping[str, Any]) -> Any:
        return {"Failed": [{"Id": "0", "Code": "InternalError", "Message": "Try again"}]}

    place.account.answers["SendMessageBatch"] = refuse
    ran = sgvault("backfill", "a", "--yes")
    assert ran.status == 1
    assert "refused the announcement of a-vaultjob/one: Try again" in ran.err


def test_a_set_without_a_manifest_is_named(place: Place) -> None:
    ran = sgvault("backfill", "nobody\x1b[2J")
    assert ran.status == 1
    assert r'There is no manifest "s3://bucket/nobody\u001b[2J' in ran.err


def test_a_manifest_that_cannot_be_used_is_named(place: Place) -> None:
    place.put(MANIFEST, b"")
    ran = sgvault("backfill", "a")
    assert ran.status == 1
    assert "The manifest a-vaultjob/a.manifest cannot be used: The manifest is empty" in ran.err


def test_what_aws_refuses_ends_in_a_sentence(place: Place) -> None:
    def refused(*_: Any) -> Any:
        raise client_error("AccessDenied", 403, "not authorized to perform: ssm:GetParameter")

    place.account.answers["GetParameter"] = refused
    ran = sgvault("backfill", "a")
    assert ran.status == 1
    assert "ssm:GetParameter" in ran.err
    assert "sgvault policy" in ran.err
