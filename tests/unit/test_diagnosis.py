"""The diagnosis of a missing key: the first hop without the key, and the command that repairs it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from handlers.core.events import DATA_UPLOADED, DataUploads
from operations.dead_letter import DeadLetter, Shape
from operations.diagnosis import diagnose
from operations.key_evidence import Evidence, Version

COMPLETE = Version(version_id="v1", modified=1_700_000_000, size_bytes=3, newest=True)
RECORDED = DataUploads(set_id="a", bucket="bucket", uploads=[])
LETTER = DeadLetter(
    queue="records",
    message_id="m1",
    sent_ms=0,
    shape=Shape.SQS_RECORD,
    reason="Throttling",
    target="url",
    payload="",
    body=json.dumps({"detail-type": DATA_UPLOADED, "detail": RECORDED.detail()}),
    attributes={},
)
WHY = "--why 'cannot be read; the file was announced again'"
UNREADABLE = replace(LETTER, queue="uploads", body="{}")
ARRIVED = Evidence(
    set_id="a",
    key="a-vaultjob/it's",
    manifest_key="a-vaultjob/a.manifest",
    bucket="bucket",
    reports_bucket="reports",
    region="us-east-1",
    local=False,
    held_back=[],
    has_manifest=True,
    ignored_by=None,
    listed=True,
    listed_bytes=3,
    since=1_600_000_000,
    row_time=1_700_000_000,
    row_bytes=3,
    versions=[COMPLETE],
    dead_letters=[],
    health=[],
    gateway_arn="arn:aws:storagegateway:us-east-1:123456789012:gateway/sgw-1",
)


@pytest.mark.parametrize(
    ("changes", "hop", "cure"),
    [
        ({}, "none", "sgvault watch a"),
        (
            {"has_manifest": False, "listed": False},
            "manifest",
            "vault-data.sh --source FOLDER --set a",
        ),
        ({"listed": False}, "manifest", "sgvault show a"),
        ({"row_time": None}, "event", "sgvault backfill a"),
        ({"row_time": 1_500_000_000}, "event", "sgvault backfill a"),
        (
            {"row_time": None, "dead_letters": [LETTER]},
            "queue records",
            "sgvault dead-letters redrive m1",
        ),
        (
            {"row_time": None, "dead_letters": [UNREADABLE]},
            "queue uploads",
            f"sgvault dead-letters set-aside m1 {WHY}",
        ),
        (
            {"dead_letters": [UNREADABLE, LETTER, replace(UNREADABLE, message_id="m2")]},
            "none",
            f"sgvault dead-letters set-aside m1 m2 {WHY}",
        ),
        ({"listed_bytes": 4}, "gateway", "vault-data.sh --source FOLDER --set a --new"),
        (
            {"versions": [], "row_time": None},
            "gateway",
            "--location-arn arn:aws:s3:::reports --bucket-region us-east-1 ",
        ),
        (
            {"versions": [replace(COMPLETE, size_bytes=None), replace(COMPLETE, newest=False)]},
            "S3",
            """aws s3api delete-object --bucket bucket --key 'a-vaultjob/it'"'"'s' --version-id v1""",
        ),
        ({"versions": []}, "gateway", "vault-data.sh --source FOLDER --set a --new"),
        (
            {"row_time": None, "versions": [replace(COMPLETE, modified=1_500_000_000)]},
            "gateway",
            "vault-data.sh --source FOLDER --set a --new",
        ),
    ],
)
def test_the_first_hop_without_the_key_is_named_with_its_remedy(
    changes: dict[str, Any], hop: str, cure: str
) -> None:
    found = diagnose(replace(ARRIVED, **changes))
    assert found.hop == hop
    assert any(cure in command for steps in found.remedies for command in steps), found.remedies


def test_a_truncated_object_is_one_that_was_overwritten_if_an_earlier_version_is_whole() -> None:
    """Otherwise the gateway may still upload the rest."""
    whole = replace(COMPLETE, newest=False, size_bytes=4)
    truncated = replace(ARRIVED, listed_bytes=4, versions=[COMPLETE, whole])
    assert "the object was written again" in diagnose(truncated).sentence
    earlier = replace(whole, modified=ARRIVED.since - 1)
    for versions in ([COMPLETE], [COMPLETE, earlier], [COMPLETE, replace(whole, size_bytes=2)]):
        found = diagnose(replace(truncated, versions=versions))
        assert "has not uploaded the listed content yet" in found.sentence


MARKER = replace(COMPLETE, size_bytes=None)


@pytest.mark.parametrize(
    ("changes", "sentence", "hop", "cure"),
    [
        ({}, "the manifest is in S3, and was uploaded ", "none", "sgvault watch a"),
        (
            {"row_time": None, "outcome": "Successful"},
            "the manifest is in S3, and has its outcome. The set is Successful.",
            "none",
            "sgvault report a",
        ),
        ({"row_time": None}, "its upload event is lost", "event", "sgvault backfill a"),
        (
            {"row_time": None, "dead_letters": [LETTER]},
            "its event is a dead letter",
            "queue records",
            "sgvault dead-letters redrive m1",
        ),
        (
            {"has_manifest": False, "versions": [MARKER]},
            "somebody deleted it ",
            "S3",
            "aws s3api delete-object",
        ),
    ],
)
def test_the_manifests_own_key_is_explained_as_such(
    changes: dict[str, Any], sentence: str, hop: str, cure: str
) -> None:
    """A manifest need not list itself, and is never unexpected."""
    itself = replace(ARRIVED, key=ARRIVED.manifest_key, listed=False, listed_bytes=None)
    found = diagnose(replace(itself, **changes))
    assert found.sentence.startswith("It is the set's manifest. ")
    assert sentence in found.sentence
    assert (found.hop, cure in found.remedies[0][0]) == (hop, True), found.remedies


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "it is unexpected."),
        ({"ignored_by": ".nfs*"}, "the pattern '.nfs*' in the setting ignoreUnexpectedNames"),
        ({"row_time": None}, "that is no difference."),
        ({"row_time": None, "versions": []}, "check the key."),
        (
            {"row_time": None, "versions": [], "ignored_by": ".nfs*"},
            "matches it, so vault-data.sh leaves it out.",
        ),
        ({"versions": []}, "It was announced and is gone from S3"),
        ({"versions": [], "ignored_by": ".nfs*"}, "It was announced and is gone from S3"),
    ],
)
def test_a_key_that_the_manifest_does_not_list_has_the_type_that_the_reconciliation_gives_it(
    changes: dict[str, Any], sentence: str
) -> None:
    assert sentence in diagnose(replace(ARRIVED, listed=False, **changes)).sentence


@pytest.mark.parametrize(
    ("changes", "file", "new"),
    [
        ({"versions": [], "row_time": None}, """'it'"'"'s'""", " NEW=yes"),
        ({"listed_bytes": 4}, """'it'"'"'s'""", " NEW=yes"),
        (
            {"row_time": None, "versions": [replace(COMPLETE, modified=1_500_000_000)]},
            """'it'"'"'s'""",
            " NEW=yes",
        ),
        ({"has_manifest": False, "listed": False}, "a.manifest", ""),
    ],
)
def test_the_local_gateway_is_made_to_upload_what_it_holds_back(
    changes: dict[str, Any], file: str, new: str
) -> None:
    """Of another file, the set is vaulted again; ``make`` has no command for a share with a prefix."""
    local = replace(ARRIVED, local=True, gateway_arn=None, **changes)
    held = diagnose(replace(local, held_back=[local.manifest_key, local.key]))
    assert held.remedies == [[f"make release SET=a FILE={file}"]]
    assert held.sentence.endswith("The gateway holds it back.")
    ended = diagnose(replace(local, held_back=[local.manifest_key, local.key], outcome="Timed out"))
    assert ended.remedies == [[*held.remedies[0], "sgvault reconcile a"]]
    found = diagnose(local)
    assert found.remedies == [[f"make vault DATA=FOLDER SET=a{new}"]]
    assert "holds it back" not in found.sentence
    ((client,),) = diagnose(replace(local, manifest_key=f"team-a/{local.manifest_key}")).remedies
    assert client.startswith("on the gateway's client: vault-data.sh")


@pytest.mark.parametrize(
    ("changes", "alternatives"),
    [
        (
            {"versions": [], "row_time": None},
            [["list-file-shares", "start-cache-report"], ["vault-data.sh"]],
        ),
        ({"row_time": None}, [["backfill a --dry-run", "backfill a"]]),
        ({"row_time": None, "dead_letters": [UNREADABLE]}, [["backfill a", "set-aside"]]),
        ({"row_time": None, "dead_letters": [UNREADABLE, LETTER]}, [["redrive m1", "set-aside"]]),
        ({"versions": [replace(COMPLETE, size_bytes=None)]}, [["delete-object", "watch a"]]),
        (
            {"versions": [replace(COMPLETE, size_bytes=None)], "outcome": "Timed out"},
            [["delete-object", "reconcile a"]],
        ),
        (
            {"versions": [replace(COMPLETE, size_bytes=None)], "outcome": "Successful"},
            [["delete-object", "show a"]],
        ),
        ({"outcome": "Failed", "dead_letters": [LETTER]}, [["redrive", "show a", "reconcile a"]]),
    ],
)
def test_steps_in_order_are_distinguished_from_alternatives(
    changes: dict[str, Any], alternatives: list[list[str]]
) -> None:
    found = diagnose(replace(ARRIVED, **changes)).remedies
    assert [len(steps) for steps in found] == [len(steps) for steps in alternatives]
    for steps, expected in zip(found, alternatives, strict=True):
        for command, part in zip(steps, expected, strict=True):
            assert part in command


def test_an_object_that_was_announced_and_is_gone_is_distinguished_from_one_that_never_came() -> (
    None
):
    gone, never = (
        diagnose(replace(ARRIVED, versions=[], row_time=at)) for at in (1_700_000_000, None)
    )
    assert "S3 has no version of it any more" in gone.sentence
    assert "never reached S3" in never.sentence


def test_the_gateways_health_log_on_the_key_is_shown() -> None:
    line = '{"severity": "ERROR", "type": "InaccessibleStorageClass"}\x1b[2J'
    found = diagnose(replace(ARRIVED, versions=[], row_time=None, health=[line]))
    assert "InaccessibleStorageClass" in found.sentence
    assert "\x1b" not in found.sentence
