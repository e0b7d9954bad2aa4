"""A row for each key keeps its newest event, for any repetitions and any order of events."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import classify_upload, record_upload
from handlers.core.events import ObjectUpload
from handlers.record_upload import handler
from tests.unit.conditions import Item
from tests.unit.fakes import EVENT_TABLE, SET_TABLE, FakeAws, FakeContext, installed
from tests.unit.refusals import client_error
from tests.unit.samples import (
    EVENT_TIME,
    HOSTILE_NAMES,
    batch,
    data_event,
    failed,
    manifest_event,
    object_upload,
    put_row,
    upload,
)

uploads = st.builds(
    upload,
    st.sampled_from(["a-vaultjob/x", "a-vaultjob/y", "a-vaultjob/z"]),
    size_bytes=st.integers(0, 2),
    event_time=st.integers(EVENT_TIME, EVENT_TIME + 2),
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[list[ObjectUpload]], list[list[ObjectUpload]]]:
    """Generate events, and the same events in another order with repetitions."""
    events = draw(st.lists(st.lists(uploads, min_size=1, max_size=4), min_size=1, max_size=5))
    repeated = draw(st.lists(st.sampled_from(events), max_size=3))
    return events, draw(st.permutations([*events, *repeated]))


def recorded(events: list[list[ObjectUpload]]) -> list[Item]:
    """Return the table after the delivery of *events*."""
    with installed(FakeAws()) as aws:
        for event in events:
            handler(batch(data_event(*event)), FakeContext().typed)
        return aws.dynamodb.rows(EVENT_TABLE)


def test_a_row_has_the_attributes_of_the_contract(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 10: it expires EXPIRY_DAYS after it was written, whatever the age of its event."""
    handler(batch(data_event(upload("a-vaultjob/x", size_bytes=5))), context.typed)
    assert aws.dynamodb.rows(EVENT_TABLE) == [
        {
            "setId": {"S": "a"},
            "objectKey": {"S": "a-vaultjob/x"},
            "bucketName": {"S": "bucket"},
            "objectSize": {"N": "5"},
            "eventTime": {"N": str(EVENT_TIME)},
            "expiresAt": {"N": str(int(aws.clock.now) + 30 * 86_400)},
        }
    ]


def test_a_manifest_is_also_recorded(aws: FakeAws, context: FakeContext) -> None:
    handler(batch(manifest_event()), context.typed)
    (row,) = aws.dynamodb.rows(EVENT_TABLE)
    assert row["objectKey"] == {"S": "a-vaultjob/a.manifest"}


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_hostile_keys_are_recorded_unchanged(aws: FakeAws, context: FakeContext, name: str) -> None:
    """Pitfall 4: the sort key is exactly the S3 key."""
    handler(batch(data_event(upload(f"{name}-vaultjob/{name}"), set_id=name)), context.typed)
    (row,) = aws.dynamodb.rows(EVENT_TABLE)
    assert (row["setId"]["S"], row["objectKey"]["S"]) == (name, f"{name}-vaultjob/{name}")


@settings(max_examples=40)
@given(deliveries())
def test_repeated_and_reordered_events_give_the_same_table(
    delivered: tuple[list[list[ObjectUpload]], list[list[ObjectUpload]]],
) -> None:
    """Pitfall 9 and 18: EventBridge delivers at least once, and in any order."""
    once, again = delivered
    assert recorded(once) == recorded(again)


@settings(max_examples=40)
@given(st.lists(uploads, min_size=1, max_size=8))
def test_one_event_or_many_give_the_same_table(reported: list[ObjectUpload]) -> None:
    """Pitfall 5: a key that occurs twice in an event counts once, with its newest upload."""
    assert recorded([reported]) == recorded([[each] for each in reported])


@settings(max_examples=40)
@given(st.lists(uploads, min_size=1, max_size=8))
def test_a_row_keeps_the_newest_event_of_its_key(reported: list[ObjectUpload]) -> None:
    """Pitfall 9: of the events in one second it is the largest, so that the order does not matter."""
    newest: dict[str, tuple[int, int]] = {}
    for each in reported:
        age = (each.event_time, each.size_bytes)
        newest[each.key] = max(newest.get(each.key, age), age)
    assert {
        row["objectKey"]["S"]: (int(row["eventTime"]["N"]), int(row["objectSize"]["N"]))
        for row in recorded([reported])
    } == newest


def test_an_older_event_does_not_undo_a_newer_one(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 9."""
    new = upload("a-vaultjob/x", size_bytes=1, event_time=EVENT_TIME + 1)
    old = upload("a-vaultjob/x", size_bytes=9, event_time=EVENT_TIME)
    for each in (new, old):
        handler(batch(data_event(each)), context.typed)
    (row,) = aws.dynamodb.rows(EVENT_TABLE)
    assert row["objectSize"] == {"N": "1"}


def test_uploads_that_are_not_written_are_counted(
    aws: FakeAws, context: FakeContext, metrics: Callable[[], Counter[str]]
) -> None:
    """Pitfall 8: repeated uploads are skipped with a metric."""
    event = batch(
        data_event(upload("a-vaultjob/x"), upload("a-vaultjob/x"), upload("a-vaultjob/y"))
    )
    handler(event, context.typed)
    assert metrics() == {"UploadsRecorded": 2, "UploadEventsRepeated": 1}
    handler(event, context.typed)
    assert metrics() == {"UploadsRecorded": 0, "UploadEventsRepeated": 3}


def test_each_row_is_written_with_its_own_put(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 5: BatchWriteItem supports no conditions, and returns 200 with UnprocessedItems."""
    handler(batch(data_event(*[upload(f"a-vaultjob/{n}") for n in range(60)])), context.typed)
    assert Counter(aws.dynamodb.operations) == {"PutItem": 60, "UpdateItem": 1}
    assert len(aws.dynamodb.rows(EVENT_TABLE)) == 60


def test_an_expired_row_counts_as_absent(aws: FakeAws, context: FakeContext) -> None:
    """DynamoDB deletes it days later, and readers ignore it before that."""
    put_row(aws, "a-vaultjob/x", event_time=EVENT_TIME + 9, expires_at=int(aws.clock.now))
    handler(batch(data_event(upload("a-vaultjob/x", size_bytes=7))), context.typed)
    (row,) = aws.dynamodb.rows(EVENT_TABLE)
    assert (row["objectSize"], row["eventTime"]) == ({"N": "7"}, {"N": str(EVENT_TIME)})
    assert int(row["expiresAt"]["N"]) > aws.clock.now


TWENTY = data_event(*[upload(f"a-vaultjob/{n}") for n in range(20)])
OTHER = data_event(upload("b-vaultjob/x"), set_id="b")


def refuse(code: str, key: str = "/7") -> Callable[[str, Mapping[str, Any]], Exception | None]:
    """Make the put of one row of twenty fail."""

    def fails(_: str, parameters: Mapping[str, Any]) -> Exception | None:
        ends = parameters.get("Item", {}).get("objectKey", {"S": ""})["S"].endswith(key)
        return client_error(code, 400) if ends else None

    return fails


def test_one_failed_put_returns_its_message_and_no_other(
    aws: FakeAws, context: FakeContext
) -> None:
    """Pitfall 5: the message is delivered again, and then everything is written."""
    aws.dynamodb.fails = refuse("InternalServerError")
    assert failed(handler(batch(TWENTY, OTHER), context.typed)) == ["m0"]
    aws.dynamodb.fails = lambda *_: None
    assert failed(handler(batch(TWENTY), context.typed)) == []
    assert len(aws.dynamodb.rows(EVENT_TABLE)) == 21


def test_one_failed_put_does_not_stop_the_other_rows(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 6: a row that can never be written must not make its whole bundle fail."""
    aws.dynamodb.fails = refuse("ValidationException")
    assert failed(handler(batch(TWENTY), context.typed)) == ["m0"]
    assert len(aws.dynamodb.rows(EVENT_TABLE)) == 19


@pytest.mark.parametrize(
    "error",
    [client_error("InternalServerError", 500), EndpointConnectionError(endpoint_url="dynamodb")],
)
def test_an_unavailable_table_is_left_alone_after_one_round(
    aws: FakeAws, context: FakeContext, error: Exception
) -> None:
    """A batch has ten thousand rows, and each would need seconds to fail."""
    aws.dynamodb.fails = lambda *_: error
    messages = [data_event(*[upload(f"a-vaultjob/{n}/{m}") for n in range(99)]) for m in range(10)]
    assert len(failed(handler(batch(*messages), context.typed))) == 10
    assert len(aws.dynamodb.operations) <= 8
    assert len(aws.sqs.hidden) == 10


def test_rows_that_an_earlier_delivery_wrote_are_not_put_again(
    aws: FakeAws, context: FakeContext
) -> None:
    """Otherwise a table that is too slow for one invocation would never contain the whole bundle."""
    aws.dynamodb.fails = refuse("InternalServerError")
    handler(batch(TWENTY), context.typed)
    aws.dynamodb.fails = lambda *_: None
    aws.dynamodb.operations.clear()
    handler(batch(TWENTY, receives=2), context.typed)
    assert aws.dynamodb.operations == ["BatchGetItem", "PutItem", "UpdateItem"]
    assert len(aws.dynamodb.rows(EVENT_TABLE)) == 20


def test_a_table_that_cannot_be_read_is_still_written(aws: FakeAws, context: FakeContext) -> None:
    def unreadable(operation: str, _: Any) -> Exception | None:
        return client_error("InternalServerError", 500) if operation == "BatchGetItem" else None

    aws.dynamodb.fails = unreadable
    assert failed(handler(batch(TWENTY, receives=2), context.typed)) == []
    assert len(aws.dynamodb.rows(EVENT_TABLE)) == 20


def test_a_throttled_table_slows_the_writer_down(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 48: nothing is put back that can still be written in time."""
    taken: Counter[float] = Counter()

    def throttle(operation: str, _: Any) -> Exception | None:
        if operation != "PutItem":
            return None
        taken[aws.clock.now] += 1
        too_fast = taken[aws.clock.now] > 30
        return client_error("ThrottlingException", 400) if too_fast else None

    aws.dynamodb.fails = throttle
    many = data_event(*[upload(f"a-vaultjob/{n}") for n in range(500)])
    started = aws.clock.now
    assert failed(handler(batch(many), context.typed)) == []
    assert len(aws.dynamodb.rows(EVENT_TABLE)) == 500
    assert aws.clock.now > started


def test_what_the_functions_time_does_not_suffice_for_is_returned(aws: FakeAws) -> None:
    """Written rows stay; the message is delivered again, and the rest is written."""
    aws.dynamodb.fails = lambda *_: client_error("ProvisionedThroughputExceededException", 400)
    context = FakeContext(looks_at_the_clock=3)
    assert failed(handler(batch(TWENTY, OTHER), context.typed)) == ["m0", "m1"]


def test_what_the_functions_time_does_not_suffice_to_read_is_returned(aws: FakeAws) -> None:
    """Ten thousand repeated rows are a hundred reads, and each may take seconds."""
    many = [data_event(*[upload(f"a-vaultjob/{m}/{n}") for n in range(100)]) for m in range(3)]
    context = FakeContext(looks_at_the_clock=2)
    assert failed(handler(batch(*many, receives=2), context.typed)) == ["m0", "m1", "m2"]
    assert aws.dynamodb.operations.count("BatchGetItem") == 2


def test_a_register_row_that_cannot_be_written_returns_the_messages_of_its_set_alone(
    aws: FakeAws, context: FakeContext
) -> None:
    def refuses(operation: str, parameters: Mapping[str, Any]) -> Exception | None:
        of_b = parameters.get("Key") == {"folder": {"S": "b-vaultjob/"}}
        return client_error("InternalServerError", 500) if of_b else None

    aws.dynamodb.fails = refuses
    answer = handler(batch(TWENTY, OTHER, manifest_event(), OTHER), context.typed)
    assert failed(answer) == ["m1", "m3"]
    assert [row["folder"]["S"] for row in aws.dynamodb.rows(SET_TABLE)] == ["a-vaultjob/"]


def test_sets_that_the_functions_time_does_not_suffice_for_are_returned(aws: FakeAws) -> None:
    """A table that is slow would else end the function, and the whole batch would come again."""
    context = FakeContext(looks_at_the_clock=2)
    assert failed(handler(batch(data_event(upload("a-vaultjob/x")), OTHER), context.typed)) == [
        "m1"
    ]


@pytest.mark.parametrize(
    "event",
    [
        "not JSON",
        {},
        {"detail": None},
        {"detail-type": "Data File Upload Event", "detail": {}},
        {"detail-type": "Data File Upload Event", "detail": "{}"},
        {"detail-type": "File Upload Reconciliation Failed", "detail": OTHER["detail"]},
    ],
)
def test_a_malformed_event_is_set_aside_at_once(
    aws: FakeAws, context: FakeContext, event: dict[str, Any] | str
) -> None:
    """Pitfall 49: the rest of its batch is recorded."""
    assert failed(handler(batch(event, OTHER), context.typed)) == []
    assert [row["setId"]["S"] for row in aws.dynamodb.rows(EVENT_TABLE)] == ["b"]
    (letter,) = aws.sqs.sent
    assert letter["QueueUrl"] == "records-dead-letters"
    assert letter["MessageBody"] == (event if isinstance(event, str) else json.dumps(event))


@settings(max_examples=20)
@given(
    st.lists(
        st.builds(
            object_upload,
            st.text(max_size=30).map(lambda name: f"a-vaultjob/{name}"),
            object_size=st.integers(-1, 2**45) | st.just(int(39 * "9")),
            time=st.datetimes(timezones=st.timezones()).map(lambda time: time.isoformat()),
        ),
        max_size=12,
    )
)
def test_whatever_is_announced_can_be_recorded(events: list[dict[str, Any]]) -> None:
    """Contract: record can read what classify publishes, and DynamoDB can store it."""
    with installed(FakeAws()) as aws:
        assert failed(classify_upload.handler(batch(*events), FakeContext().typed)) == []
        aside = {letter["MessageBody"] for letter in aws.sqs.sent}
        for entry in aws.events.accepted:
            event = {"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
            assert failed(handler(batch(event), FakeContext().typed)) == []
        reported = {
            event["detail"]["object-key"].removesuffix("/")
            for event in events
            if json.dumps(event) not in aside
        }
        assert {row["objectKey"]["S"] for row in aws.dynamodb.rows(EVENT_TABLE)} == reported


def test_an_unexpected_error_sets_nothing_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a bad deployment would move every message to the dead letters within minutes."""

    def broken(event: Any) -> Any:
        raise KeyError(event)

    monkeypatch.setattr(record_upload, "received_from", broken)
    with installed(FakeAws()) as aws:
        assert failed(handler(batch("{}", "not JSON"), FakeContext().typed)) == ["m0"]
        assert [each["MessageBody"] for each in aws.sqs.sent] == ["not JSON"]
