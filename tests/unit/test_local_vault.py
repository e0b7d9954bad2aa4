"""Vaulting on the local system: the output for the user, and clean-up after an interruption."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from rich.console import Console

from deployment.errors import CommandError
from local import demo, source_folder, vault_dataset
from local.deployed_system import PATHS, DeployedSystem
from local.held_back import HeldBack
from local.held_back_commands import hold_back, release
from local.outcome_sentences import sentences
from local.outcomes import OutcomeSubscription, known_outcome
from local.phases import Phases
from local.set_progress import SetProgress
from local.source_folder import SourceFolder
from local.vault_dataset import Vaulted, vault
from local.watch import Watched, watch
from tests.unit.refusals import client_error

KEY = "s-vaultjob/s.manifest"
COMPLETE = (
    "Successful: the 201 files and empty folders that the manifest of the set s lists are in S3."
)


CHECK_AGAIN = (
    "To do: remove the cause ('make release' lists the files held back). Then check again:"
    " .venv/bin/sgvault reconcile s --local"
)


class Account:
    """Rules, queues, objects and outcomes. A call of *interrupted* is interrupted after it takes effect."""

    def __init__(self) -> None:
        self.there: set[str] = set()
        self.objects: dict[str, bytes] = {}
        self.outcomes: list[dict[str, Any]] = []
        self.register: dict[str, dict[str, Any]] = {}
        self.interrupted = ""

    def __getattr__(self, name: str) -> Any:
        effects = {
            "create_queue": ("queue", True),
            "put_rule": ("rule", True),
            "put_targets": ("target", True),
            "remove_targets": ("target", False),
            "delete_rule": ("rule", False),
            "delete_queue": ("queue", False),
        }

        def call(**_: Any) -> dict[str, Any]:
            what, comes = effects.get(name, ("", False))
            if what and not comes and what not in self.there:
                raise client_error("ResourceNotFoundException", 400)
            (self.there.add if comes else self.there.discard)(what)
            if name == self.interrupted:
                self.interrupted = ""
                raise KeyboardInterrupt
            return {"QueueUrl": "url", "RuleArn": "rule", "Attributes": {"QueueArn": "queue"}}

        return call

    def get_object(self, **request: Any) -> dict[str, Any]:
        if request["Key"] not in self.objects:
            raise client_error("NoSuchKey", 404)
        return {"Body": io.BytesIO(self.objects[request["Key"]]), "VersionId": "v2"}

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        found = [key for key in self.objects if key.startswith(request["Prefix"])]
        return {"Contents": [{"Key": key, "Size": len(self.objects[key])} for key in found]}

    def get_parameter(self, **_: Any) -> dict[str, Any]:
        return {"Parameter": {"Value": json.dumps({"ignoreUnexpectedNames": [".DS_Store"]})}}

    def get_item(self, **request: Any) -> dict[str, Any]:
        row = self.register.get(request["Key"]["folder"]["S"])
        return {"Item": row} if row else {}

    def get_paginator(self, _: str) -> Any:
        items = [
            {"detail": {"S": json.dumps(each)}, "publishedAt": {"N": "1"}} for each in self.outcomes
        ]

        class Pages:
            def paginate(self, **_: Any) -> list[dict[str, Any]]:
                return [{"Items": items}]

        return Pages()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """Return the account of the system's clients."""
    account = Account()
    monkeypatch.setattr(DeployedSystem, "client", lambda self, service: account)
    return account


@pytest.fixture
def system(tmp_path: Path) -> DeployedSystem:
    values: dict[str, Any] = dict.fromkeys(DeployedSystem.__dataclass_fields__, "word")
    values |= dict.fromkeys(PATHS, tmp_path)
    values |= {"job_dir_suffix": "-vaultjob", "manifest_suffix": ".manifest"}
    return DeployedSystem(**values)


def an_outcome(status: str = "Successful", **detail: Any) -> dict[str, Any]:
    return {
        "set-id": "s",
        "object-key": KEY,
        "manifest-version-id": "v2",
        "attempt": 1,
        "status": status,
        "reason": "Not complete after 10 iterations: 1 missing",
        "files": 201,
        "examples": [],
        **detail,
    }


def a_set(folder: Path, files: int = 1) -> SourceFolder:
    names = tuple(f"{number}" for number in range(files))
    return SourceFolder("s", folder, names, ("deep",))


@pytest.mark.parametrize(
    "call", ["create_queue", "put_rule", "get_queue_attributes", "put_targets"]
)
def test_a_subscription_that_is_interrupted_leaves_no_rule_and_no_queue(
    account: Account, system: DeployedSystem, call: str
) -> None:
    account.interrupted = call
    with pytest.raises(KeyboardInterrupt):
        OutcomeSubscription(system, "s").__enter__()
    assert account.there == set()


def test_an_interruption_within_a_subscription_leaves_nothing(
    account: Account, system: DeployedSystem
) -> None:
    there: list[set[str]] = []
    with pytest.raises(KeyboardInterrupt):
        interrupt(OutcomeSubscription(system, "s"), lambda: there.append(set(account.there)))
    assert there == [{"rule", "queue", "target"}]
    assert account.there == set()


def interrupt(subscription: OutcomeSubscription, first: Callable[[], None]) -> None:
    with subscription:
        first()
        raise KeyboardInterrupt


def test_a_resource_that_cannot_be_deleted_does_not_stop_the_clean_up(
    account: Account, system: DeployedSystem
) -> None:
    """The rule may be deleted already; the queue must still be deleted."""
    with OutcomeSubscription(system, "s"):
        account.there.discard("rule")
    assert account.there == set()


def write_manifest(system: DeployedSystem, content: bytes = b"1 s-vaultjob/a\n") -> Path:
    manifest = system.share_folder / KEY
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_bytes(content)
    return manifest


def test_the_known_outcome_is_the_newest_of_the_manifest_in_s3(
    account: Account, system: DeployedSystem
) -> None:
    manifest = write_manifest(system)
    account.objects[KEY] = manifest.read_bytes()
    account.outcomes = [
        an_outcome("Successful", **{"manifest-version-id": "v1", "attempt": 3}),
        an_outcome("Successful", attempt=2),
        an_outcome("Timed out"),
        an_outcome("Failed", attempt=4, **{"object-key": "t-vaultjob/t.manifest"}),
    ]
    event = known_outcome(system, manifest)
    assert event
    assert event["detail"]["attempt"] == 2
    assert event["detail-type"] == "File Upload Reconciliation Successful"


@pytest.mark.parametrize("uploaded", [None, b"an older manifest"])
def test_a_manifest_that_is_not_uploaded_yet_has_no_outcome(
    account: Account, system: DeployedSystem, uploaded: bytes | None
) -> None:
    """The known outcome is that of an earlier delivery."""
    account.outcomes = [an_outcome()]
    if uploaded:
        account.objects[KEY] = uploaded
    assert known_outcome(system, write_manifest(system)) is None


class Client:
    """The gateway's client, whose script writes the manifest or leaves it unchanged."""

    def __init__(self, manifest: Path, *, writes: bool) -> None:
        self.manifest, self.writes = manifest, writes
        self.arguments: tuple[str, ...] = ()

    def run(self, script: str, *arguments: str, on_line: Any) -> None:
        self.arguments = arguments
        if self.writes:
            self.manifest.write_bytes(b"another")


def test_an_unchanged_set_shows_its_known_outcome_at_once(
    account: Account, system: DeployedSystem, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The delivery starts no reconciliation, so no other outcome will be announced."""
    client = Client(write_manifest(system), writes=False)
    account.objects[KEY] = client.manifest.read_bytes()
    account.outcomes = [an_outcome()]
    monkeypatch.setattr(DeployedSystem, "gateway_client", lambda self: client)
    monkeypatch.setattr(vault_dataset, "watch", lambda *_, **__: pytest.fail("nothing to wait for"))

    vaulted = vault(system, a_set(tmp_path), phases=Phases())

    assert vaulted.is_unchanged
    assert vaulted.event["detail"]["status"] == "Successful"
    assert account.there == set()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"standsAt": {"S": "s-vaultjob/a"}}, "its last check stopped at s-vaultjob/a."),
        ({"setId": {"S": "s"}}, "The set s has no outcome yet."),
        (None, "The set s has no outcome yet."),
    ],
)
def test_an_unchanged_set_in_flight_shows_the_key_that_it_waits_for(
    account: Account,
    system: DeployedSystem,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    row: dict[str, Any] | None,
    sentence: str,
) -> None:
    client = Client(write_manifest(system), writes=False)
    account.register = {"s-vaultjob/": row} if row else {}
    console = Console(file=io.StringIO())
    monkeypatch.setattr(DeployedSystem, "gateway_client", lambda self: client)
    monkeypatch.setattr(vault_dataset, "watch", lambda *_, **__: Watched({"detail": an_outcome()}))

    vault(system, a_set(tmp_path), phases=Phases(console))

    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    assert sentence in printed
    assert "add NEW=yes" in printed


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, ()),
        ({"new": True}, ("--new",)),
        ({"checksum": "sha256"}, ("--checksum", "sha256")),
        ({"new": True, "checksum": "crc64nvme"}, ("--new", "--checksum", "crc64nvme")),
    ],
)
def test_a_set_that_is_delivered_is_watched(
    account: Account,
    system: DeployedSystem,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    options: dict[str, Any],
    arguments: tuple[str, ...],
) -> None:
    client = Client(write_manifest(system), writes=True)
    watched = Watched({"detail": an_outcome("Failed")})
    expected: dict[str, int] = {}
    monkeypatch.setattr(DeployedSystem, "gateway_client", lambda self: client)
    monkeypatch.setattr(vault_dataset, "watch", lambda *_, **more: expected.update(more) or watched)
    dataset = SourceFolder("s", tmp_path, (".DS_Store", "a"), ("deep",))

    vaulted = vault(system, dataset, phases=Phases(), **options)

    assert expected["uploads"] == len(["a", "deep", "the manifest"])

    assert not vaulted.is_unchanged
    assert vaulted.event["detail"]["status"] == "Failed"
    assert client.arguments[5:] == arguments


@pytest.mark.parametrize(
    ("detail", "is_unchanged", "expected"),
    [
        (
            an_outcome(),
            False,
            [COMPLETE],
        ),
        (
            an_outcome(),
            True,
            [
                "Nothing changed since the set s was vaulted, so its known outcome holds.",
                COMPLETE,
                "To deliver everything again, add NEW=yes.",
            ],
        ),
        (
            an_outcome("Timed out", examples=[{"type": "missing", "key": "s-vaultjob/a"}]),
            False,
            [
                "Timed out: Not complete after 10 iterations: 1 missing",
                "  s-vaultjob/a (not announced as uploaded)",
                CHECK_AGAIN,
            ],
        ),
        (
            an_outcome("Failed", reason="Line 1 is UTF-16", examples=None, hint="Look."),
            False,
            [
                "Failed: Line 1 is UTF-16",
                "Hint: Look.",
                "To do: remove the cause, then vault the set again with NEW=yes.",
            ],
        ),
    ],
)
def test_an_outcome_ends_in_sentences(
    detail: dict[str, Any], is_unchanged: bool, expected: list[str]
) -> None:
    assert list(sentences(Vaulted({"detail": detail}, is_unchanged=is_unchanged))) == expected


def test_a_long_list_of_keys_is_cut_and_names_the_report() -> None:
    examples = [{"type": "unexpected", "key": f"s-vaultjob/{number}"} for number in range(9)]
    detail = an_outcome("Timed out", examples=examples, report="s3://reports/s/summary.json")
    lines = list(sentences(Vaulted({"detail": detail})))
    assert len(lines) == 1 + 5 + 1 + 1
    assert lines[6] == "  and more: s3://reports/s/summary.json"


def test_a_file_is_held_back_and_released(account: Account, system: DeployedSystem) -> None:
    """The file that the gateway reads also has keys of other shares."""
    HeldBack(system.folder, "other").add("s-vaultjob/a b")
    message = hold_back(system, "s", "./a b")
    assert message.startswith("The gateway holds back s-vaultjob/a b")
    assert message.endswith("Then: make release SET=s FILE='./a b'")
    file = system.share_folder / "s-vaultjob/a b"
    file.parent.mkdir(parents=True)
    assert hold_back(system, "s", "a b").startswith(f"Warning: {file.parent} has no such file")
    assert system.held_back().keys() == ["s-vaultjob/a b"]
    listed = "The gateway holds back:\ns-vaultjob/a b"
    assert release(system, "", "") == f"{listed} (matches no file in the share or in S3 so far)"
    file.touch()
    assert hold_back(system, "s", "a b").startswith("The gateway holds back")
    assert release(system, "", "") == listed
    assert release(system, "s", "s-vaultjob/a b").endswith("the set becomes Successful.")
    assert release(system, "", "") == "No file is held back."
    assert HeldBack(system.folder, "other").keys() == ["s-vaultjob/a b"]
    with pytest.raises(CommandError, match="is not held back: 'make release' lists"):
        release(system, "s", "a b")


def test_a_key_that_is_held_back_in_vain_is_reported_with_the_remedy(
    account: Account, system: DeployedSystem, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for key in ("0", "deep", "a b", "e\u0301"):
        system.held_back().add(f"s-vaultjob/{key}")
    for key in (KEY, "t-vaultjob/x"):
        system.held_back().add(key)
    client = Client(write_manifest(system), writes=True)
    console = Console(file=io.StringIO())
    monkeypatch.setattr(DeployedSystem, "gateway_client", lambda self: client)
    monkeypatch.setattr(vault_dataset, "watch", lambda *_, **__: Watched({"detail": an_outcome()}))

    vault(system, replace(a_set(tmp_path), files=("0", "\u00e9")), phases=Phases(console))

    assert isinstance(console.file, io.StringIO)
    warnings = [line for line in console.file.getvalue().splitlines() if "Warning" in line]
    begin = "Warning: the gateway holds back s-vaultjob/"
    assert warnings == [
        f"{begin}a b, but {tmp_path} has no a b. To correct it: make release SET=s FILE='a b'",
        (
            f"{begin}e\u0301, but {tmp_path} has no e\u0301. It has '\\xe9', and this is 'e\\u0301'."
            " To correct it: make release SET=s FILE='e\u0301'"
        ),
    ]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("deliver it anew with --new.", "deliver it anew with --new (make: NEW=yes)."),
        ("give --set a name", "give --set (make: SET=id) a name"),
        ("Copying 1 of 1 files to /a--new/--newer", "Copying 1 of 1 files to /a--new/--newer"),
    ],
)
def test_an_option_in_a_message_of_the_script_is_shown_with_its_variable(
    line: str, shown: str
) -> None:
    assert vault_dataset.with_variables(line) == shown


def test_the_progress_names_the_key_at_which_the_check_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    console = Console(file=io.StringIO())
    outcomes: Any = Outcomes(looks=1)
    reader: Any = Reader(Clock(), 1)
    at_a_key = SetProgress(1, 1, 2, "Reconcile Wait", "s-vaultjob/[a]")
    monkeypatch.setattr(reader, "read", lambda: at_a_key)
    watch(outcomes, reader, uploads=2, console=console)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == (
        "uploaded 1/2, recorded 1/2, reconciled: iteration 2, Reconcile Wait, last check"
        " stopped at s-vaultjob/[a]\n"
    )


def test_a_file_of_a_finished_set_is_released_for_its_next_attempt(
    account: Account, system: DeployedSystem
) -> None:
    hold_back(system, "s", "s-vaultjob/a")
    assert "The share has no such file" in release(system, "s", "a")
    hold_back(system, "s", "s-vaultjob/a")
    (system.share_folder / "s-vaultjob").mkdir(parents=True, exist_ok=True)
    (system.share_folder / "s-vaultjob" / "a").touch()
    account.register = {"s-vaultjob/": {"outcome": {"S": "Timed out"}}}
    message = release(system, "s", "a")
    assert "The set's last outcome is Timed out." in message
    assert message.endswith(".venv/bin/sgvault reconcile --local -- s")


def test_a_file_that_is_uploaded_cannot_be_held_back(
    account: Account, system: DeployedSystem
) -> None:
    account.objects["s-vaultjob/a"] = b""
    with pytest.raises(CommandError, match="is in S3 already"):
        hold_back(system, "s", "a")
    with pytest.raises(CommandError, match="make hold-back SET=id FILE=path"):
        hold_back(system, "s", "")


def test_the_name_of_a_sets_folder_is_no_set_id(
    account: Account, system: DeployedSystem, tmp_path: Path
) -> None:
    refused = pytest.raises(CommandError, match=r"not of a set: write SET=s$")
    with refused:
        vault(system, SourceFolder("s-vaultjob", tmp_path, ("a",), ()), phases=Phases())
    with refused:
        hold_back(system, "s-vaultjob", "a")


@pytest.mark.parametrize("file", ["/a", "../a", "a//b", "a/./b"])
def test_a_path_outside_the_set_cannot_be_held_back(system: DeployedSystem, file: str) -> None:
    with pytest.raises(CommandError, match="cannot be a path in a set"):
        hold_back(system, "s", file)
    assert system.held_back().keys() == []


@pytest.mark.parametrize(
    ("content", "mark"),
    [
        (b"abc", " (S3 has an object of its size)"),
        (b"a", " (S3 has 1 of its 3 bytes)"),
        (None, ""),
    ],
)
def test_the_list_of_held_files_marks_those_that_s3_has(
    account: Account, system: DeployedSystem, content: bytes | None, mark: str
) -> None:
    """A file that was not copied into the share yet has no size to compare with."""
    for key in ("s-vaultjob/a", "s-vaultjob/b"):
        system.held_back().add(key)
    write_manifest(system).with_name("a").write_bytes(b"abc")
    account.objects |= {"s-vaultjob/b": b"abc"} | ({"s-vaultjob/a": content} if content else {})

    assert release(system, "", "").splitlines()[1:] == [f"s-vaultjob/a{mark}", "s-vaultjob/b"]


def test_the_demo_chooses_the_environment_by_the_number_of_files(tmp_path: Path) -> None:
    assert demo.environment_for(a_set(tmp_path, 1_000)) == "demo"
    assert demo.environment_for(a_set(tmp_path, 1_001)) == "local"


def test_the_count_of_objects_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    assert str(source_folder.read(tmp_path)) == "1 file and the manifest: 2 objects."


def test_an_interruption_is_reported_also_if_the_endpoint_is_gone(
    account: Account, system: DeployedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is the case after ``make local-down`` in another terminal."""
    subscription = OutcomeSubscription(system, "s")
    with pytest.raises(KeyboardInterrupt):
        interrupt(
            subscription, lambda: monkeypatch.setattr(subscription, "_delete_queue", _unreachable)
        )


def _unreachable() -> None:
    raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566")


class Clock:
    """A replacement of the module ``time``."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Reader:
    """A reader that finds one more upload each time, up to *most*, and takes a hundred seconds."""

    def __init__(self, clock: Clock, most: int) -> None:
        self.clock, self.most, self.uploaded = clock, most, 0

    def read(self) -> SetProgress:
        self.clock.now += 100
        self.uploaded = min(self.uploaded + 1, self.most)
        return SetProgress(self.uploaded, 0, 0, "")

    def is_of_this_delivery(self, detail: dict[str, Any]) -> bool:
        return detail != EARLIER["detail"]


EARLIER = {"detail": {"event-time": 1}}
"""The outcome of an earlier delivery of the same set, whose execution was still running."""


class Outcomes:
    """A subscription that receives the outcome after some readings, and before it an earlier one."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def receive(self) -> dict[str, Any] | None:
        self.looks -= 1
        return {"detail": {}} if self.looks == 0 else EARLIER


@pytest.mark.parametrize(("most", "is_late"), [(20, False), (2, True)])
def test_slow_readings_do_not_end_the_wait_for_a_set_that_progresses(
    monkeypatch: pytest.MonkeyPatch, most: int, is_late: bool
) -> None:
    """With 50,000 files on a busy machine, a reading takes more than a minute."""
    clock: Any = Clock()
    outcomes: Any = Outcomes(looks=20)
    reader: Any = Reader(clock, most)
    monkeypatch.setattr("local.watch.time", clock)
    console = Console(quiet=True)
    if is_late:
        with pytest.raises(CommandError, match="Nothing changed for 300 s"):
            watch(outcomes, reader, uploads=20, console=console)
    else:
        assert watch(outcomes, reader, uploads=20, console=console).event == {"detail": {}}
