"""Each message is published, skipped with a metric, or put back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.classify_upload import handler
from handlers.core.errors import MalformedEventError
from handlers.core.events import ObjectUpload
from handlers.core.naming import Naming
from tests.unit.fakes import Entry, FakeAws, FakeContext, installed
from tests.unit.refusals import client_error
from tests.unit.samples import (
    EVENT_TIME,
    HOSTILE_NAMES,
    aws_event,
    batch,
    failed,
    object_upload,
)

GOOD = "a-vaultjob/good"
DEEP = 20_000

MALFORMED: dict[str, Any] = {
    "not JSON": "not JSON",
    "empty": "",
    "half": '{"detail": {',
    "null": "null",
    "a number": "7",
    "a text": '"text"',
    "an array": "[]",
    "an array of events": [object_upload()],
    "no detail": {"time": "2020-11-05T12:34:56Z"},
    "detail an array": {"time": "2020-11-05T12:34:56Z", "detail": []},
    "detail as text": {"time": "2020-11-05T12:34:56Z", "detail": "{}"},
    "no time": {"detail": object_upload()["detail"]},
    "time without zone": object_upload(time="2020-11-05T12:34:56"),
    "time too large": object_upload(time="99999-11-05T12:34:56Z"),
    "key a number": object_upload(object_key=7),
    "key empty": object_upload(object_key=""),
    "key a slash": object_upload(object_key="/"),
    "key with a lone surrogate": object_upload("a-vaultjob/\ud800"),
    "key too long": object_upload("a-vaultjob/" + 1014 * "x"),
    "size a boolean": object_upload(object_size=True),
    "size a text": object_upload(object_size="1"),
    "size negative": object_upload(object_size=-1),
    "size not a number": json.dumps(object_upload(object_size=float("nan"))),
    "size of 5,000 digits": json.dumps(object_upload()).replace("1024", 5_000 * "9"),
    "bucket missing": object_upload(bucket_name=None),
    "event type unknown": object_upload(event_type="object-upload-started"),
    "event type a surrogate": object_upload(event_type="\ud800"),
    "of another service": object_upload() | {"source": "aws.s3"},
    "of a type that nobody documents": object_upload() | {"detail-type": "Object Removed"},
    "source an array": object_upload() | {"source": ["aws.storagegateway"]},
    "deep arrays": DEEP * "[",
    "deep objects": DEEP * '{"detail":' + "1" + DEEP * "}",
}

UNRECORDABLE: dict[str, Any] = {
    "size beyond DynamoDB's 38 digits": object_upload(object_size=int(39 * "9")),
    "time before 1970": object_upload(time="1969-12-31T23:59:59Z"),
}


def published(aws: FakeAws) -> dict[str, list[Any]]:
    """Return the details on the bus, by detail type."""
    by_type: dict[str, list[Any]] = {}
    for entry in aws.events.accepted:
        assert (entry["Source"], entry["EventBusName"]) == ("vault.application", "vault")
        by_type.setdefault(entry["DetailType"], []).append(json.loads(entry["Detail"]))
    return by_type


def published_keys(aws: FakeAws) -> list[str]:
    """Return the keys of all data files on the bus."""
    details = published(aws).get("Data File Upload Event", [])
    return [each["object-key"] for detail in details for each in detail["objects"]]


def test_data_files_are_announced_with_the_fields_of_the_contract(
    aws: FakeAws, context: FakeContext
) -> None:
    event = batch(
        object_upload("p/a-1-vaultjob/x", prefix="p/"),
        object_upload("a-1-vaultjob/dir/", prefix="p/", object_size=0),
    )
    assert handler(event, context.typed) == {"batchItemFailures": []}
    assert published(aws) == {
        "Data File Upload Event": [
            {
                "set-id": "a-1",
                "bucket-name": "bucket",
                "objects": [
                    {
                        "object-key": "p/a-1-vaultjob/x",
                        "object-size": 1024,
                        "event-time": EVENT_TIME,
                    },
                    {
                        "object-key": "p/a-1-vaultjob/dir",
                        "object-size": 0,
                        "event-time": EVENT_TIME,
                    },
                ],
            }
        ]
    }


def test_an_object_that_an_operator_announces_is_an_upload_of_its_own_time(
    aws: FakeAws, context: FakeContext
) -> None:
    """A backfill sends it. The time is the object's LastModified, so that the upload counts as that old."""
    announced = {
        "source": "vault.operations",
        "detail-type": "Object Announced",
        "time": "2020-11-05T12:34:56Z",
        "detail": {
            "bucket-name": "bucket",
            "object-key": "p/a-vaultjob/x",
            "object-size": 3,
            "prefix": "p/",
            "reason": "backfill",
        },
    }
    assert failed(handler(batch(announced), context.typed)) == []
    (detail,) = published(aws)["Data File Upload Event"]
    assert detail["set-id"] == "a"
    assert detail["objects"] == [
        {"object-key": "p/a-vaultjob/x", "object-size": 3, "event-time": EVENT_TIME}
    ]


def test_a_manifest_is_announced_with_the_fields_of_the_contract(
    aws: FakeAws, context: FakeContext
) -> None:
    handler(batch(object_upload("a-vaultjob/a.manifest", prefix="p/")), context.typed)
    assert published(aws) == {
        "Manifest File Upload Event": [
            {
                "set-id": "a",
                "event-time": EVENT_TIME,
                "bucket-name": "bucket",
                "object-key": "p/a-vaultjob/a.manifest",
                "object-size": 1024,
            }
        ]
    }


def test_sets_whose_ids_share_a_beginning_stay_apart(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 1: ``a-1-vaultjob`` and ``a-2-vaultjob`` are two sets."""
    handler(batch(object_upload("a-1-vaultjob/x"), object_upload("a-2-vaultjob/x")), context.typed)
    assert [detail["set-id"] for detail in published(aws)["Data File Upload Event"]] == [
        "a-1",
        "a-2",
    ]


@pytest.mark.parametrize("key", ["a-vaultjob/sub/a.manifest", "a-vaultjob/olda.manifest"])
def test_a_name_that_is_not_exactly_the_manifests_starts_no_reconciliation(
    aws: FakeAws, context: FakeContext, key: str
) -> None:
    """Pitfall 2: the file is data."""
    handler(batch(object_upload(key)), context.typed)
    assert published_keys(aws) == [key]
    assert list(published(aws)) == ["Data File Upload Event"]


@pytest.mark.parametrize("slash", ["/", ""], ids=["announced with its slash", "without"])
def test_a_folder_with_a_manifests_name_starts_no_reconciliation(
    aws: FakeAws, context: FakeContext, metrics: Callable[[], Counter[str]], slash: str
) -> None:
    """Pitfall 15: S3 has ``dir/`` where the event has ``dir``."""
    aws.s3.put("a-vaultjob/a.manifest/")
    handler(batch(object_upload(f"a-vaultjob/a.manifest{slash}", object_size=0)), context.typed)
    assert published_keys(aws) == ["a-vaultjob/a.manifest"]
    assert list(published(aws)) == ["Data File Upload Event"]
    assert metrics()["ManifestNearMisses"] == 1


def test_an_empty_manifest_starts_a_reconciliation(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 13: the reconciliation ends in *Failed*."""
    aws.s3.put("a-vaultjob/a.manifest")
    handler(batch(object_upload("a-vaultjob/a.manifest", object_size=0)), context.typed)
    assert list(published(aws)) == ["Manifest File Upload Event"]


def test_only_the_manifest_is_put_back_if_s3_does_not_answer(
    aws: FakeAws, context: FakeContext
) -> None:
    aws.s3.fails = lambda operation, _: client_error("SlowDown", 503)
    event = batch(object_upload(GOOD), object_upload("a-vaultjob/a.manifest", object_size=0))
    assert failed(handler(event, context.typed)) == ["m1"]
    assert published_keys(aws) == [GOOD]
    assert aws.sqs.sent == []


@pytest.mark.parametrize(
    "key",
    [
        "S-1-vaultjob/S-1.manifest.filepart",
        "S-1-vaultjob/S-1.Manifest",
        "S-1-vaultjob/s-1.manifest",
        "S-1-vaultjob/.S-1.manifest.Ab12",
        "S-1-vaultjob/S-1.manifest ",
        "S-1-vaultjob/S.manifest",
        "S-1-vaultjob/sub/S-1.manifest",
        "S-1-vaultjob/S-1.manifest/",
        "n\u00e9-vaultjob/deep/ne\u0301.manifest",
    ],
)
def test_a_name_almost_like_a_manifests_is_logged_and_counted(
    aws: FakeAws,
    context: FakeContext,
    metrics: Callable[[], Counter[str]],
    caplog: pytest.LogCaptureFixture,
    key: str,
) -> None:
    """Pitfall 46: such a file starts nothing, which nobody would notice."""
    handler(batch(object_upload(f"p/{key}", prefix="p/")), context.typed)
    assert published_keys(aws) == [f"p/{key}".rstrip("/")]
    assert metrics()["ManifestNearMisses"] == 1
    logged = [getattr(record, "object_key", None) for record in caplog.records]
    assert f"p/{key}".rstrip("/") in logged


@pytest.mark.parametrize(
    "key", ["a-vaultjob/a.manifest", "a-vaultjob/sub/b.manifest", "a-vaultjob/x", "a.manifest"]
)
def test_a_manifest_and_other_names_are_no_near_misses(
    aws: FakeAws, context: FakeContext, metrics: Callable[[], Counter[str]], key: str
) -> None:
    handler(batch(object_upload(key)), context.typed)
    assert "ManifestNearMisses" not in metrics()


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_hostile_keys_are_published_unchanged(
    aws: FakeAws, context: FakeContext, name: str
) -> None:
    """Pitfall 4: quotes, backslashes, newlines and others, also in set ids."""
    event = batch(
        object_upload(f"a-vaultjob/{name}"),
        object_upload(f"{name}-vaultjob/{name}"),
        object_upload(f"{name}-vaultjob/{name}.manifest"),
    )
    assert handler(event, context.typed) == {"batchItemFailures": []}
    assert published_keys(aws) == [f"a-vaultjob/{name}", f"{name}-vaultjob/{name}"]
    (manifest,) = published(aws)["Manifest File Upload Event"]
    assert manifest["set-id"] == name
    assert manifest["object-key"] == f"{name}-vaultjob/{name}.manifest"


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_message_fails_alone(
    aws: FakeAws, context: FakeContext, metrics: Callable[[], Counter[str]], body: Any
) -> None:
    """Pitfall 6 and 49: it is set aside; the others of its batch are neither lost nor repeated."""
    event = batch(object_upload(GOOD), body, object_upload(f"{GOOD}-2"))
    assert failed(handler(event, context.typed)) == []
    (letter,) = aws.sqs.sent
    assert letter["QueueUrl"] == "uploads-dead-letters"
    assert letter["MessageBody"] == event["Records"][1]["body"]
    assert published_keys(aws) == [GOOD, f"{GOOD}-2"]
    assert metrics()["MalformedUploadEvents"] == 1


@pytest.mark.parametrize("body", UNRECORDABLE.values(), ids=UNRECORDABLE)
def test_a_message_that_fits_into_no_row_fails_alone(
    aws: FakeAws, context: FakeContext, body: Any
) -> None:
    """Pitfall 6: in a bundle, it would make the recording of all others fail."""
    event = batch(object_upload(GOOD), body)
    assert failed(handler(event, context.typed)) == []
    assert len(aws.sqs.sent) == 1
    assert published_keys(aws) == [GOOD]


@pytest.mark.parametrize("prefix", ["", "team-a/", "a-vaultjob/"])
@pytest.mark.parametrize("path", ["a-vaultjob/one", "team-a/two"])
def test_an_announcement_of_a_backfill_is_classified_like_an_upload(
    aws: FakeAws, context: FakeContext, prefix: str, path: str
) -> None:
    """Its key is the full key, and its time the object's: writer and reader follow one contract."""
    upload = ObjectUpload(
        bucket="bucket",
        key=f"{prefix}a-vaultjob/{path}",
        size_bytes=3,
        event_time=EVENT_TIME,
        share_prefix=prefix,
    )
    message = upload.announcement("backfill")
    assert message["source"] == "vault.operations"
    assert not failed(handler(batch(message), context.typed))
    (detail,) = published(aws)["Data File Upload Event"]
    assert (detail["set-id"], detail["bucket-name"]) == ("a", "bucket")
    assert detail["objects"] == [upload.record()]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not JSON", "the message is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (object_upload(object_size=-1), f"'object-size' is no whole number from 0 to {2**63 - 1}"),
        (object_upload("a-vaultjob/\ud800"), "which has no UTF-8 form"),
    ],
)
def test_a_dead_letter_has_the_reason_as_an_attribute(
    aws: FakeAws, context: FakeContext, body: Any, reason: str
) -> None:
    handler(batch(body), context.typed)
    (letter,) = aws.sqs.sent
    assert reason in letter["MessageAttributes"]["Reason"]["StringValue"]


def test_a_reason_is_a_text_that_sqs_accepts(
    aws: FakeAws, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds for any length and any characters."""

    def malformed(event: Any) -> ObjectUpload:
        raise MalformedEventError("\x00\ud800\ufffe" + 300_000 * "\U0001f600")

    monkeypatch.setattr(ObjectUpload, "from_gateway_event", malformed)
    assert failed(handler(batch("{}"), context.typed)) == []
    (letter,) = aws.sqs.sent
    reason = letter["MessageAttributes"]["Reason"]["StringValue"]
    assert not {"\x00", "\ud800", "\ufffe"} & set(reason)


def test_a_malformed_message_that_cannot_be_set_aside_is_put_back(
    aws: FakeAws, context: FakeContext
) -> None:
    """SQS delivers it again, and moves it itself after its maximum of receives."""
    aws.sqs.fails = lambda operation: client_error("ServiceUnavailable", 503)
    event = batch(object_upload(GOOD), "not JSON")
    assert failed(handler(event, context.typed)) == ["m1"]
    assert published_keys(aws) == [GOOD]


def test_an_unexpected_error_sets_nothing_aside(
    aws: FakeAws, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a bad deployment would move every message to the dead letters within minutes."""

    def broken(naming: Naming, key: str, **_: Any) -> None:
        raise KeyError(key) if key == f"{GOOD}-2" else MalformedEventError(key)

    monkeypatch.setattr(Naming, "classify", broken)
    event = batch(object_upload(f"{GOOD}-2"), object_upload(GOOD))
    assert failed(handler(event, context.typed)) == ["m0"]
    assert [each["MessageBody"] for each in aws.sqs.sent] == [event["Records"][1]["body"]]


@pytest.mark.parametrize("key", ["readme.txt", "-vaultjob/x", "deep/a-vaultjob/x"])
def test_an_upload_outside_any_dataset_is_skipped_with_a_metric(
    aws: FakeAws,
    context: FakeContext,
    metrics: Callable[[], Counter[str]],
    caplog: pytest.LogCaptureFixture,
    key: str,
) -> None:
    """Pitfall 8: a metric counts it, and a log line has its key."""
    event = batch(object_upload(key), object_upload(GOOD))
    assert handler(event, context.typed) == {"batchItemFailures": []}
    assert published_keys(aws) == [GOOD]
    assert metrics() == {"UploadsOutsideDatasets": 1, "UploadsClassified": 1}
    reported = [getattr(record, "object_key", None) for record in caplog.records]
    assert [each for each in reported if each is not None] == [key]


def test_the_event_that_aws_documents_is_in_no_dataset(
    aws: FakeAws, context: FakeContext, metrics: Callable[[], Counter[str]]
) -> None:
    assert not failed(handler(batch(aws_event("object_upload")), context.typed))
    assert metrics()["UploadsOutsideDatasets"] == 1
    assert aws.events.calls == []


def test_a_refused_entry_fails_exactly_its_messages(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 5: PutEvents returns 200 with FailedEntryCount > 0."""
    event = batch(
        object_upload("a-vaultjob/x"),
        object_upload("b-vaultjob/x"),
        object_upload("a-vaultjob/y"),
        object_upload("b-vaultjob/b.manifest"),
    )
    aws.events.refuses = lambda entry: '"a"' in entry["Detail"]
    assert failed(handler(event, context.typed)) == ["m0", "m2"]
    assert published_keys(aws) == ["b-vaultjob/x"]


@pytest.mark.parametrize(
    "error",
    [client_error("ThrottlingException", 400), EndpointConnectionError(endpoint_url="https://x")],
    ids=["refused", "unreachable"],
)
def test_a_failed_call_fails_exactly_its_messages(
    aws: FakeAws, context: FakeContext, error: Exception
) -> None:
    """Pitfall 5: the entries of the other calls are not sent again."""
    event = batch(*[object_upload(f"set{number}-vaultjob/x") for number in range(25)])

    attempts: list[int] = []

    def fails(entries: Sequence[Entry]) -> Exception | None:
        attempts.append(len(entries))
        return error if len(attempts) == 2 else None

    aws.events.fails = fails
    assert failed(handler(event, context.typed)) == [f"m{number}" for number in range(10, 20)]
    assert attempts == [10, 10, 5]
    assert len(published_keys(aws)) == 15


@settings(max_examples=60)
@given(
    messages=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c-1"]), st.sampled_from(["data", "manifest", "bad"])),
        max_size=60,
    ),
    refused=st.sets(st.sampled_from(["a", "b", "c-1"])),
)
def test_every_message_is_either_published_once_or_put_back_once(
    messages: list[tuple[str, str]], refused: set[str]
) -> None:
    """Pitfalls 5 and 6 at once: some messages are malformed, and EventBridge refuses some entries."""
    bodies = [
        "bad"
        if kind == "bad"
        else object_upload(
            f"{set_id}-vaultjob/{number}"
            if kind == "data"
            else f"{set_id}-vaultjob/{set_id}.manifest"
        )
        for number, (set_id, kind) in enumerate(messages)
    ]
    expected_back = {
        f"m{number}"
        for number, (set_id, kind) in enumerate(messages)
        if kind != "bad" and set_id in refused
    }
    with installed(FakeAws()) as aws:
        aws.events.refuses = lambda entry: json.loads(entry["Detail"])["set-id"] in refused
        back = failed(handler(batch(*bodies), FakeContext().typed))
        assert sorted(back) == sorted(expected_back)
        manifests = published(aws).get("Manifest File Upload Event", [])
        handled = len(published_keys(aws)) + len(manifests) + len(aws.sqs.sent)
        assert handled == len(messages) - len(back)


def test_an_empty_batch_succeeds(aws: FakeAws, context: FakeContext) -> None:
    assert handler({"Records": []}, context.typed) == {"batchItemFailures": []}
