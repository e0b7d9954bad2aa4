"""``sgvault status``, ``show``, ``watch``, ``explain``, ``report`` and ``policy`` on one set."""

from __future__ import annotations

import gzip
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody

from handlers.core.events import ManifestUpload, ObjectUpload
from handlers.core.outcome import outcome_id
from operations.aws_environment import Choice
from operations.output import Output
from tests.unit.documented_json import documented
from tests.unit.fakes import EVENT_TABLE, OUTCOME_TABLE
from tests.unit.manifests import rich
from tests.unit.operator_account import PARAMETER
from tests.unit.operator_set import EXECUTION, MANIFEST, OLD, Place, placed
from tests.unit.samples import put_row
from tests.unit.sgvault import sgvault

FAR = 4_000_000_000
HOSTILE = "a-vaultjob/\x1b[2J"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    now = float(int(time.time()))
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setattr("operations.status.time.sleep", lambda _: None)
    with placed() as made:
        made.put(MANIFEST, rich([(3, "a-vaultjob/deep/two"), (3, "a-vaultjob/one")], began=OLD))
        made.put("a-vaultjob/one", b"one")
        put_row(made.aws, "a-vaultjob/one", size_bytes=3, event_time=OLD, expires_at=FAR)
        yield made


def history(place: Place, *, ticker: int, waits_for: str | None) -> None:
    """Put the running execution into *Wait*."""
    data = {
        "iterator": {"Payload": {"ticker": ticker, "count": 10}},
        "reconcilecheck": {
            "Payload": {"progress": {"finding": waits_for and {"key": waits_for}, "offset": 7}}
        },
    }
    event = {"stateEnteredEventDetails": {"name": "Wait", "input": json.dumps(data)}}
    place.account.answers["GetExecutionHistory"] = lambda *_: {"events": [event]}


def test_status_shows_the_sets_in_flight_and_the_last_outcomes(place: Place) -> None:
    place.run(status="RUNNING", startDate=datetime.now(UTC))
    history(place, ticker=3, waits_for=HOSTILE)
    (found,) = sgvault("status", "--json").json["inFlight"]
    assert (found["setId"], found["iteration"], found["iterations"]) == ("a", 3, 10)
    assert found["waitsFor"] == HOSTILE
    assert found["timesOut"] - int(time.time()) == 7 * PARAMETER["reconcileWaitIterations"]
    text = sgvault("status").out
    assert "3 of 10" in text
    assert r"a-vaultjob/\u001b[2J" in text
    assert "\x1b" not in text
    place.run()
    place.decide("Timed out")
    ran = sgvault("status")
    assert "No set is in flight." in ran.out
    assert "Not complete after 10 iterations" in ran.out


def test_status_shows_sets_without_an_execution(place: Place) -> None:
    """They are read from the register's index: without a manifest, overdue, and waiting for a start.

    Two have rows that cannot be read; one of them lacks its set id. A set that has an outcome is
    not in flight, also if the index lists it because a file arrived since.
    """
    now = int(time.time())
    place.run(status="RUNNING", startDate=datetime.now(UTC))
    history(place, ticker=3, waits_for=None)
    arrived = {"firstArrival": {"N": str(now - 600)}, "lastArrival": {"N": str(now - 300)}}
    manifest = {"manifest": {"S": json.dumps({"object-key": "d-vaultjob/d.manifest"})}}
    others = {"manifest": {"S": json.dumps({"object-key": "e-vaultjob/e.manifest"})}}
    rows: dict[str, dict[str, Any]] = {
        "a": {**arrived, "listed": {"N": "7"}},
        "b": arrived,
        "c": {**arrived, "overdueAt": {"N": str(now)}},
        "d": {**arrived, **manifest},
        "f": {"firstArrival": {"S": "yesterday"}},
        "g": arrived,
        "h": {**arrived, **manifest, "outcome": {"S": "Successful"}},
    }
    keys = {**{id_: f"{id_}-vaultjob/" for id_ in rows}, "e": f"{EXECUTION}-2"}
    rows["e"] = others
    place.register |= {
        key: {"folder": {"S": key}, "setId": {"S": id_}, **rows[id_]} for id_, key in keys.items()
    }
    del place.register["g-vaultjob/"]["setId"]
    place.register[EXECUTION] = {"folder": {"S": EXECUTION}, "setId": {"S": "a"}, **manifest}
    found = {each["setId"]: each for each in sgvault("status", "--json").json["inFlight"]}
    assert {id_: each["state"] for id_, each in found.items()} == {
        "a": "Wait",
        "b": "its manifest",
        "c": "its manifest, which is overdue",
        "d": "its reconciliation",
        "e": "its outcome, though its execution has ended",
        "f": "the repair of its row in the register",
        "g-vaultjob/": "the repair of its row in the register",
    }
    assert (found["a"]["listed"], found["a"]["lastArrival"]) == (7, now - 300)
    assert "5 min" in sgvault("status").out


def test_a_set_has_one_row_and_its_newest_running_execution_decides(place: Place) -> None:
    """An event that is delivered twice starts two executions; a third one has ended without an outcome."""
    now = int(time.time())
    arrived = {"firstArrival": {"N": str(now - 600)}, "lastArrival": {"N": str(now - 300)}}
    manifest = {"manifest": {"S": json.dumps({"object-key": MANIFEST})}, "setId": {"S": "a"}}
    for number, seconds in enumerate((60, 120)):
        arn = f"{EXECUTION}-{number}"
        begun = datetime.fromtimestamp(now - seconds, UTC)
        place.run(status="RUNNING", executionArn=arn, startDate=begun)
    history(place, ticker=3, waits_for=None)
    folders = ("a-vaultjob/", *place.executions, f"{EXECUTION}-ended")
    place.register |= {each: {"folder": {"S": each}, **manifest, **arrived} for each in folders}
    (found,) = sgvault("status", "--json").json["inFlight"]
    assert (found["executionArn"], found["lastArrival"]) == (f"{EXECUTION}-0", now - 300)
    (found,) = sgvault("show", "a", "--json").json["inFlight"]
    assert found["executionArn"] == f"{EXECUTION}-0"
    for each in list(place.executions):
        del place.executions[each], place.register[each]
    (found,) = sgvault("status", "--json").json["inFlight"]
    assert found["state"] == "its outcome, though its execution has ended"


def test_the_outcome_of_a_set_is_that_of_its_newest_manifest(place: Place) -> None:
    """The attempt at an earlier manifest goes on beside it, and may end later, as *Timed out*."""
    version = place.s3.put(MANIFEST, b"a-vaultjob/one\n")
    begun = [datetime.fromtimestamp(OLD + number, UTC) for number in (1, 2)]
    output = json.dumps({"notify": {"Payload": {"outcomeId": "o2"}}})
    place.decide("Successful", **{"manifest-version-id": version, "started": OLD + 2})
    stored = place.aws.dynamodb.tables[OUTCOME_TABLE]
    stored["o2",] = {**stored["o1",], "id": {"S": "o2"}}
    place.run(executionArn=f"{EXECUTION}-2", output=output, startDate=begun[1])
    place.run(status="RUNNING", startDate=begun[0])
    history(place, ticker=3, waits_for="a-vaultjob/deep/two")
    assert "of an earlier manifest" in sgvault("show", "a").out
    assert "earlier manifest: a-vaultjob/deep/two" in sgvault("status").out
    place.run(startDate=begun[0], stopDate=datetime.fromtimestamp(OLD + 600, UTC))
    place.decide("Timed out", started=OLD + 1)
    assert sgvault("watch", "a").status == 0
    assert sgvault("show", "a", "--json").json["outcome"]["status"] == "Successful"
    statuses = [each["status"] for each in sgvault("status", "--json").json["outcomes"]]
    assert statuses == ["Successful", "Timed out"]


@pytest.mark.parametrize(
    ("status", "expected"), [("Successful", 0), ("Timed out", 3), ("Failed", 4)]
)
def test_watch_ends_with_the_outcomes_status(place: Place, status: str, expected: int) -> None:
    place.run()
    place.decide(status)
    ran = sgvault("watch", "a")
    assert ran.status == expected
    assert f"a: {status}." in ran.out


def test_watch_waits_while_the_set_is_in_flight(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.run(status="RUNNING")
    history(place, ticker=3, waits_for="a-vaultjob/deep/two")

    def end(_: float) -> None:
        place.run()
        place.decide("Successful")

    monkeypatch.setattr("operations.status.time.sleep", end)
    ran = sgvault("watch", "a")
    assert ran.status == 0
    assert "iteration 3 of 10, waits for a-vaultjob/deep/two" in ran.err


def test_watch_waits_for_the_outcome_of_a_manifest_that_is_newer_than_the_last_outcome(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The set has an outcome when a new delivery begins."""
    place.run()
    place.decide("Successful")
    place.put(MANIFEST, rich([(3, "a-vaultjob/one")], began=OLD), modified=int(time.time()))

    def end(_: float) -> None:
        place.decide("Timed out", **{"manifest-version-id": "version-2"})

    monkeypatch.setattr("operations.status.time.sleep", end)
    ran = sgvault("watch", "a")
    assert (ran.status, "S3 has a newer manifest" in ran.err) == (3, True)


def test_watch_ends_with_an_error_if_a_newer_manifest_gets_no_outcome(place: Place) -> None:
    """Its event was lost: the outcome of the manifest before it would be a false answer."""
    place.run()
    place.decide("Successful")
    place.put(MANIFEST, rich([(3, "a-vaultjob/one")], began=OLD), modified=int(time.time()) - 7_201)
    ran = sgvault("watch", "a")
    assert (ran.status, "'sgvault backfill a' announces the manifest" in ran.err) == (1, True)


@pytest.mark.parametrize(("version", "seconds_later"), [("version-1", 60), (str(OLD), 0)])
def test_watch_knows_the_outcome_of_the_present_manifest(
    place: Place, version: str, seconds_later: int
) -> None:
    """One that *Failed* before its version was read has the event's time in place of the version."""
    place.run()
    place.decide("Failed", **{"manifest-version-id": version})
    place.s3.modified[MANIFEST] = OLD + seconds_later
    assert sgvault("watch", "a").status == 4


def test_status_marks_the_outcome_of_an_earlier_manifest(place: Place) -> None:
    place.run()
    stored = place.aws.dynamodb.tables[OUTCOME_TABLE]
    decided: dict[str, dict[str, Any]] = {
        "o2": {"manifest-version-id": "v0", "reason": "Old"},
        "o3": {"object-key": "b-vaultjob/b.manifest", "reason": "Of another set"},
        "o4": {"attempt": 1, "reason": "First attempt"},
        "o1": {"attempt": 2, "reason": "Second attempt", "event-time": OLD - 1},
    }
    for number, changes in decided.items():
        place.decide("Timed out", **changes)
        stored[number,] = {**stored["o1",], "id": {"S": number}}
        output = json.dumps({"notify": {"Payload": {"outcomeId": number}}})
        begun = datetime.fromtimestamp(OLD + len(place.executions), UTC)
        place.run(executionArn=f"{EXECUTION}-{number}", output=output, startDate=begun)
    rows = sgvault("status").out.splitlines()
    assert [row.partition(")")[2].strip() for row in rows[-5:]] == [
        "reason",
        "Second attempt",
        "First attempt",
        "Of another set",
        "earlier manifest: Old",
    ]


CONCLUDED = {"folder": {"S": "a-vaultjob/"}, "setId": {"S": "a"}, "outcomeId": {"S": "o1"}}
ENDED_WITHOUT_NOTIFY: dict[str, Any] = {"status": "ABORTED", "output": None}
UPLOAD = ObjectUpload(bucket="bucket", key=MANIFEST, size_bytes=1, event_time=OLD)


@pytest.mark.parametrize("attempt", [1, 2])
def test_an_execution_that_ended_without_notify_has_the_outcome_that_the_register_names(
    place: Place, attempt: int
) -> None:
    """For instance one that was stopped by hand; the register may name a later attempt's outcome."""
    place.run(**ENDED_WITHOUT_NOTIFY)
    place.decide("Failed", attempt=attempt, reason="The execution ended as ABORTED")
    place.register["a-vaultjob/"] = CONCLUDED
    if attempt == 2:
        stored = place.aws.dynamodb.tables[OUTCOME_TABLE]
        detail = json.loads(stored["o1",]["detail"]["S"]) | {"attempt": 1}
        id_ = outcome_id(ManifestUpload(set_id="a", upload=UPLOAD), "version-1")
        stored[id_,] = {"id": {"S": id_}, "detail": {"S": json.dumps(detail)}}
    assert [each["attempt"] for each in sgvault("status", "--json").json["outcomes"]] == [1]
    assert sgvault("show", "a", "--json").json["outcome"]["attempt"] == 1
    ran = sgvault("watch", "a")
    assert (ran.status, "The execution ended as ABORTED" in ran.out) == (4, True)


def test_an_outcome_of_a_newer_manifest_is_not_that_of_an_older_execution(place: Place) -> None:
    place.run(**ENDED_WITHOUT_NOTIFY)
    place.decide("Successful", **{"event-time": OLD + 1})
    place.register["a-vaultjob/"] = CONCLUDED
    assert sgvault("status", "--json").json["outcomes"] == []
    assert sgvault("watch", "a").status == 1


def test_watch_waits_for_the_outcome_of_an_execution_that_ended_a_moment_ago(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.run(**ENDED_WITHOUT_NOTIFY, stopDate=datetime.now(UTC))

    def end(_: float) -> None:
        place.decide("Failed")
        place.register["a-vaultjob/"] = CONCLUDED

    monkeypatch.setattr("operations.status.time.sleep", end)
    ran = sgvault("watch", "a")
    assert (ran.status, "its outcome follows within an hour" in ran.err) == (4, True)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (None, "nothing of the set a is known yet: waiting for its first upload, in a-vaultjob/."),
        (
            {"firstArrival": {"N": "1"}},
            "no reconciliation has begun: the set waits for its manifest",
        ),
    ],
)
def test_watch_of_a_set_without_a_reconciliation_waits_and_names_what_it_waits_for(
    place: Place, monkeypatch: pytest.MonkeyPatch, row: dict[str, Any] | None, text: str
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("operations.status.time.sleep", interrupted)
    if row is not None:
        place.register["a-vaultjob/"] = {"folder": {"S": "a-vaultjob/"}, "setId": {"S": "a"}, **row}
    ran = sgvault("watch", "a")
    assert (ran.status, text in ran.err) == (130, True), ran.err


def test_a_set_of_a_share_with_a_prefix_is_shown_with_it(place: Place) -> None:
    place.decide("Failed", **{"object-key": "team-b/c-vaultjob/c.manifest", "set-id": "c"})
    place.run()
    place.register["team-a/b-vaultjob/"] = {
        "folder": {"S": "team-a/b-vaultjob/"},
        "setId": {"S": "b"},
    }
    (found,) = sgvault("status", "--json").json["inFlight"]
    assert (found["setId"], found["sharePrefix"]) == ("b", "team-a/")
    lines = [line.partition(" ")[0] for line in sgvault("status").out.splitlines()]
    assert {"team-a/b", "team-b/c"} <= set(lines)


def test_show_has_both_sizes_of_a_file_that_differs(place: Place) -> None:
    place.put("a-vaultjob/one", b"1")
    assert "  a-vaultjob/one (lists 3 bytes, S3 has 1)\n" in sgvault("show", "a").out


def test_a_terminal_does_not_break_the_next_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied, it would be two commands."""
    monkeypatch.setattr("sys.stdout", terminal := io.StringIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "dumb")
    output = Output(program=".venv/bin/sgvault", flags=" --local")
    output.next("sgvault explain payroll payroll-vaultjob/a.txt")
    output.remedies(
        [["sgvault backfill payroll --dry-run", "x" * 50], ["make release SET=payroll"]]
    )
    command = ".venv/bin/sgvault explain payroll payroll-vaultjob/a.txt --local"
    steps = (
        f"  sgvault backfill payroll --dry-run\nthen\n  {'x' * 50}\nor\n  make release SET=payroll"
    )
    assert terminal.getvalue() == f"Next: {command}\n{steps}\n"


def test_show_lists_every_missing_key_of_a_set_in_flight(place: Place) -> None:
    place.run(status="RUNNING")
    history(place, ticker=3, waits_for=None)
    shown = sgvault("show", "a", "--json").json
    assert place.s3.operations.count("GetObject") == 1, "the manifest is read once"
    assert set(shown["inFlight"][0]) == documented()["status"]["inFlight"]
    assert (shown["listed"], shown["arrived"], shown["counts"]["missing"]) == (2, 1, 1)
    assert shown["differences"] == [
        {"type": "missing", "key": "a-vaultjob/deep/two", "inS3": False}
    ]
    assert {each["name"]: each["missing"] for each in shown["parts"]} == {"": 0, "deep/": 1}
    text = sgvault("show", "a").out
    assert "a-vaultjob/deep/two (not in S3)" in text
    assert "Next: sgvault explain a a-vaultjob/deep/two\n" in text


def test_show_counts_the_listed_files_and_neither_manifest_nor_folders_nor_earlier_deliveries(
    place: Place,
) -> None:
    """A gateway announces folders as well; otherwise one file would be missing of two of two."""
    for key in (MANIFEST, "a-vaultjob/deep", "a-vaultjob/unlisted"):
        put_row(place.aws, key, event_time=OLD, expires_at=FAR)
    put_row(place.aws, "a-vaultjob/deep/two", event_time=OLD - 10_000, expires_at=FAR)
    shown = sgvault("show", "a", "--json").json
    assert (shown["listed"], shown["arrived"], shown["counts"]["missing"]) == (2, 1, 1)
    assert {each["name"]: each["arrived"] for each in shown["parts"]} == {"": 1, "deep/": 0}
    text = sgvault("show", "a").out
    assert "lists 2 files" in text
    assert "1 of 2 files" in text
    assert "(directly in the set)" not in text
    assert "(directly in the set)        1        0" in sgvault("show", "a", "--all").out


@pytest.mark.parametrize(
    ("idle", "pause", "left", "text"),
    [
        (10, 0, 0, "174.0 a minute since the first arrival, so 0 s left"),
        (40, 0, None, "43.5 a minute since the first arrival, and nothing for 40 s"),
        (50, 60, 60, "1.0 a minute in the last ten minutes, so 1 min 0 s left"),
        (170, 60, 75, "0.8 a minute in the last ten minutes, so 1 min 15 s left"),
        (190, 60, None, "0.7 a minute in the last ten minutes, and nothing for 3 min 10 s"),
        (10, 700, None, "0.1 a minute in the last ten minutes, and nothing for 10 s"),
    ],
)
def test_show_of_a_set_that_stands_still_estimates_no_time(
    place: Place, idle: int, pause: int, left: int | None, text: str
) -> None:
    """It does if the silence is longer than three pauses between two arrivals, or none was seen."""
    place.aws.dynamodb.tables[EVENT_TABLE].clear()
    keys = [f"a-vaultjob/{number}" for number in range(30)]
    place.put(MANIFEST, rich([(3, key) for key in keys], began=OLD))
    last = int(time.time()) - idle
    for number, key in enumerate(keys[1:]):
        arrived = last - number * pause
        put_row(place.aws, key, size_bytes=3, event_time=arrived, expires_at=FAR)
    assert sgvault("show", "a", "--json").json["secondsLeft"] == left
    assert text in sgvault("show", "a").out


def test_a_printed_command_repeats_the_prefix_of_the_share(place: Place) -> None:
    place.put(f"team-a/{MANIFEST}", rich([(3, "team-a/a-vaultjob/one")], began=OLD))
    out = sgvault("show", "a", "--prefix", "team-a/").out
    assert "Next: sgvault explain a --prefix team-a/ team-a/a-vaultjob/one\n" in out
    ran = sgvault("explain", "a", "two", "--prefix", "team-a/", "--json")
    assert ran.json["remedies"] == [["sgvault show a --prefix team-a/"]]


def test_a_printed_command_repeats_the_program_and_the_place_that_were_given(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", [".venv/bin/sgvault"])
    given = ("--env", "dev", "--region", "us-east-1")
    flags = " ".join(given)
    assert f"deep/two {flags}\n" in sgvault("show", "a", *given).out
    remedies = sgvault("explain", "a", "deep/three", "--json", *given).json["remedies"]
    assert remedies == [[f".venv/bin/sgvault show a {flags}"]]
    assert f"'.venv/bin/sgvault show a {flags}'" in sgvault("report", "a", *given).err
    assert Choice(local=True, profile="my own").flags == " --local --profile 'my own'"
    command = Choice(profile="my own").aws("s3api delete-object --key a")
    assert command == "aws s3api delete-object --key a --profile 'my own'"


def test_show_of_an_unknown_set_names_the_values_to_check(place: Place) -> None:
    ran = sgvault("show", "nobody")
    assert ran.status == 1
    assert "The set nobody is unknown" in ran.err


def test_show_of_a_set_whose_manifest_cannot_be_used_has_state_reason_and_remedy(
    place: Place,
) -> None:
    place.put(MANIFEST, b"../outside.txt\n")
    place.run()
    place.decide("Failed")
    ran = sgvault("show", "a")
    assert ran.status == 1
    assert "cannot be used: Line 1, '../outside.txt', has the component '..'" in ran.out
    assert "arrived        1 file\n" in ran.out
    assert "outcome        Failed" in ran.out
    assert "correct the manifest, and vault it again" in ran.err
    found = sgvault("show", "a", "--json")
    assert (found.status, found.json["listed"]) == (1, None)
    assert found.json["manifestProblem"].startswith("Line 1")


def test_show_of_a_set_without_a_manifest_shows_its_arrivals(place: Place) -> None:
    put_row(place.aws, "b-vaultjob/one", set_id="b", event_time=OLD, expires_at=FAR)
    ran = sgvault("show", "b")
    assert ran.status == 0
    assert "none in b-vaultjob/: nothing can be reconciled without it" in ran.out
    assert "Next: on the gateway's client: vault-data.sh --source FOLDER --set b\n" in ran.out


def test_show_has_the_rate_of_arrival_until_the_set_is_finished(place: Place) -> None:
    place.run()
    assert "\nrate" in sgvault("show", "a").out
    place.decide("Timed out")
    assert "\nrate" not in sgvault("show", "a").out


@pytest.mark.parametrize(
    ("status", "changes", "command"),
    [
        ("Timed out", {}, "sgvault reconcile a"),
        ("Failed", {}, "sgvault reconcile a"),
        ("Timed out", {"checksum-mismatch": 1}, "sgvault report a"),
        ("Timed out", {"started": OLD - 1}, None),
        ("Successful", {}, None),
        (None, {}, "sgvault watch a"),
    ],
)
def test_show_of_a_set_whose_keys_agree_names_the_next_command(
    place: Place, status: str | None, changes: dict[str, Any], command: str | None
) -> None:
    """Content is not compared, and an outcome of an earlier manifest does not count."""
    place.put(MANIFEST, rich([(3, "a-vaultjob/one")], began=OLD))
    if status:
        place.run()
        place.decide(status, **changes)
    else:
        place.run(status="RUNNING")
        history(place, ticker=3, waits_for=None)
    out = sgvault("show", "a").out
    assert "manifest, uploads and objects agree\n" in out
    assert out.partition("Next: ")[2] == (f"{command}\n" if command else "")


WHY = "--why 'cannot be read; the file was announced again'"


def test_explain_names_the_hop_and_the_remedy(place: Place) -> None:
    ran = sgvault("explain", "a", "deep/two", "--json")
    assert (ran.json["hop"], ran.json["deadLetters"]) == ("gateway", None)
    assert not place.account.named("ReceiveMessage"), "they are not the cause, and take seconds"
    assert "dead letters    not searched\n" in sgvault("explain", "a", "deep/two").out
    version = {
        "Key": "a-vaultjob/deep/two",
        "VersionId": "v1",
        "LastModified": datetime.fromtimestamp(OLD, UTC),
        "Size": 3,
        "IsLatest": True,
    }
    place.account.answers["ListObjectVersions"] = lambda *_: {"Versions": [version]}
    ran = sgvault("explain", "a", "a-vaultjob/deep/two")
    assert ran.status == 0
    assert "its upload event is lost or late" in ran.out
    assert "sgvault backfill a" in ran.out
    message = json.dumps({"detail": {"object-key": "a-vaultjob/deep/two"}})
    place.account.put(PARAMETER["uploadDeadLetterQueueUrl"], message, {"Reason": "Bad"})
    ran = sgvault("explain", "a", "deep/two", "--json")
    assert ran.json["remedies"] == [
        ["sgvault backfill a", f"sgvault dead-letters set-aside message-0 {WHY}"]
    ]
    assert place.account.bodies(PARAMETER["uploadDeadLetterQueueUrl"]) == [message]


@pytest.mark.parametrize(
    ("key", "sentence", "fact"),
    [
        (MANIFEST, "It is the set's manifest.", "manifest        is this key\n"),
        ("deep/.nfs0001", "the pattern '.nfs*' in", "manifest        does not list it\n"),
    ],
)
def test_explain_of_the_manifest_and_of_an_ignored_name(
    place: Place, key: str, sentence: str, fact: str
) -> None:
    def versions(_: Any, wanted: Any) -> Any:
        modified = datetime.fromtimestamp(OLD, UTC)
        version = {"VersionId": "v1", "LastModified": modified, "Size": 3, "IsLatest": True}
        return {"Versions": [{"Key": wanted["Prefix"], **version}]}

    place.account.answers["ListObjectVersions"] = versions
    out = sgvault("explain", "a", key).out
    assert (sentence in out, fact in out) == (True, True), out


@pytest.mark.parametrize(
    ("status", "next_step"),
    [
        (None, "sgvault watch a"),
        ("Successful", "sgvault report a"),
        ("Timed out", "sgvault show a"),
    ],
)
def test_explain_of_a_key_that_arrived_has_the_next_step_of_its_set(
    place: Place, status: str | None, next_step: str
) -> None:
    version = {
        "Key": "a-vaultjob/one",
        "VersionId": "v1",
        "LastModified": datetime.fromtimestamp(OLD, UTC),
        "Size": 3,
        "IsLatest": True,
    }
    place.account.answers["ListObjectVersions"] = lambda *_: {"Versions": [version]}
    if status:
        place.run()
        place.decide(status)
    assert sgvault("explain", "a", "one", "--json").json["remedies"][0][0] == next_step


@pytest.fixture
def reported(place: Place) -> Place:
    """Return a set that timed out, with a report in two parts."""
    place.run()
    place.decide("Timed out", examples=[{"key": "a-vaultjob/deep/two"}])
    lines = [
        {"type": "missing", "key": "a-vaultjob/deep/two", "inS3": False},
        {"type": "unexpected", "key": HOSTILE},
        {"type": "vanished", "key": "a-vaultjob/.x.swp"},
    ]
    files = {
        "a/one/summary.json": json.dumps({"differences": ["1.gz", "2.gz"], "lines": 3}).encode(),
        "a/one/1.gz": gzip.compress(json.dumps(lines[0]).encode() + b"\n"),
        "a/one/2.gz": gzip.compress("\n".join(map(json.dumps, lines[1:])).encode()),
    }

    def get_object(_: Any, parameters: Any) -> Any:
        body = files[parameters["Key"]]
        return {"Body": StreamingBody(io.BytesIO(body), len(body))}

    place.account.answers["GetObject"] = get_object
    return place


def test_report_as_text_lines_marks_and_page(reported: Place, tmp_path: Path) -> None:
    text = sgvault("report", "a").out
    assert "Timed out, attempt 1" in text
    heading = next(line.split() for line in text.splitlines() if line.startswith("type"))
    assert heading == ["type", "key", "in", "S3"], "no difference has a listed size"
    assert r"a-vaultjob/\u001b[2J" in text
    lines = sgvault("report", "a", "--jsonl").out.splitlines()
    assert [json.loads(each)["type"] for each in lines] == ["missing", "unexpected", "vanished"]
    assert sgvault("report", "a", "--combined").out.splitlines() == [
        "+ a-vaultjob/deep/two",
        r'- "a-vaultjob/\u001b[2J"',
    ]
    lines = sgvault("report", "a", "--json").json["lines"]
    assert [each["type"] for each in lines] == ["missing", "unexpected", "vanished"]
    path = tmp_path / "report.html"
    assert sgvault("report", "a", "--html", str(path), "--env", "dev").status == 0
    assert "a-vaultjob/deep/two" in path.read_text()
    assert (
        "<code>sgvault show a --env dev\nsgvault report a --jsonl --env dev\n"
        "sgvault explain a a-vaultjob/deep/two --env dev\nsgvault reconcile a --env dev\n"
    ) in path.read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
    for wrong in (tmp_path, tmp_path / "none" / "report.html"):
        ran = sgvault("report", "a", "--html", str(wrong))
        assert (ran.status, "give --html a file in a folder" in ran.err) == (1, True)


@pytest.mark.parametrize("options", [["--jsonl", "--combined"], ["--json", "--jsonl"]])
def test_report_accepts_one_format_at_a_time(reported: Place, options: list[str]) -> None:
    ran = sgvault("report", "a", *options)
    assert ran.status == 1
    assert "Choose one of" in ran.err


@pytest.mark.parametrize("command", ["report", "verify"])
def test_an_attempt_below_one_is_refused(reported: Place, command: str) -> None:
    ran = sgvault(command, "a", "--attempt", "0")
    assert ran.status == 2
    assert "Invalid value for '--attempt'" in ran.err


def test_report_without_an_outcome_names_the_command_for_the_present_state(place: Place) -> None:
    ran = sgvault("report", "a")
    assert ran.status == 1
    assert "'sgvault show a' compares it now" in ran.err


def test_the_policy_only_reads_except_in_one_separate_statement(place: Place) -> None:
    policy = sgvault("policy").json
    verbs = ("BatchGet", "Get", "List", "Describe", "Query", "Filter")
    for statement in policy["Statement"]:
        if statement["Sid"] != "PeekAtDeadLetters":
            assert all(action.split(":")[1].startswith(verbs) for action in statement["Action"]), (
                statement
            )
        assert all("*" not in each.split(":")[2:5] for each in statement["Resource"])
    assert EXECUTION.rpartition(":")[0] + ":*" in str(policy)
