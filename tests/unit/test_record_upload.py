"""A row for each key keeps its newest event, whatever comes twice or in another order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import classify_upload
from handlers.core.errors import MalformedEventError
from handlers.core.events import ObjectUpload
from handlers.record_upload import handler
from tests.unit.conditions import Item
from tests.unit.fakes import EVENT_TABLE, FakeAws, FakeContext, client_error, installed
from tests.unit.samples import (
    EVENT_TIME,
    HOSTILE_NAMES,
    batch,
    data_event,
    failed,
    manifest_event,
    object_upload,
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
    """Events, and the same delivered in another order with some of them repeated."""
    events = draw(st.lists(st.lists(uploads, min_size=1, max_size=4), min_size=1, max_size=5))
    repeated = draw(st.lists(st.sampled_from(events), max_size=3))
    return events, draw(st.permutations([*events, *repeated]))


def recorded(events: list[list[ObjectUpload]]) -> list[Item]:
    """Return the table after the delivery of *events*."""
    with installed(FakeAws()) as aws:
        for event in events:
            handler(data_event(*event), FakeContext().typed)
        return aws.dynamodb.rows(EVENT_TABLE)


def test_a_row_has_the_attributes_of_the_contract(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 10: it expires, EXPIRY_DAYS after its event."""
    handler(data_event(upload("a-vaultjob/x", size_bytes=5)), context.typed)
    assert aws.dynamodb.rows(EVENT_TABLE) == [
        {
            "setId": {"S": "a"},
            "objectKey": {"S": "a-vaultjob/x"},
            "bucketName": {"S": "bucket"},
            "objectSize": {"N": "5"},
            "eventTime": {"N": str(EVENT_TIME)},
            "expiresAt": {"N": str(EVENT_TIME + 30 * 86_400)},
        }
    ]


def test_a_manifest_is_recorded_too(aws: FakeAws, context: FakeContext) -> None:
    handler(manifest_event(), context.typed)
    (row,) = aws.dynamodb.rows(EVENT_TABLE)
    assert row["objectKey"] == {"S": "a-vaultjob/a.manifest"}


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_hostile_keys_are_recorded_as_they_are(
    aws: FakeAws, context: FakeContext, name: str
) -> None:
    """Pitfall 4: the sort key is exactly the S3 key."""
    handler(data_event(upload(f"{name}-vaultjob/{name}"), set_id=name), context.typed)
    (row,) = aws.dynamodb.rows(EVENT_TABLE)
    assert (row["setId"]["S"], row["objectKey"]["S"]) == (name, f"{name}-vaultjob/{name}")


@settings(max_examples=40)
@given(deliveries())
def test_repeated_and_reordered_events_give_the_same_table(
    delivered: tuple[list[list[ObjectUpload]], list[list[ObjectUpload]]],
) -> None:
    """Pitfall 9 and 18: EventBridge delivers at least once, and in no order."""
    once, again = delivered
    assert recorded(once) == recorded(again)


@settings(max_examples=40)
@given(st.lists(uploads, min_size=1, max_size=8))
def test_one_event_or_many_give_the_same_table(told: list[ObjectUpload]) -> None:
    """Pitfall 5: a key that comes twice within an event counts once, by its newest upload."""
    assert recorded([told]) == recorded([[each] for each in told])


@settings(max_examples=40)
@given(st.lists(uploads, min_size=1, max_size=8))
def test_a_row_keeps_the_newest_event_of_its_key(told: list[ObjectUpload]) -> None:
    """Pitfall 9: and of one second's events the largest, so that no order matters."""
    newest: dict[str, tuple[int, int]] = {}
    for each in told:
        age = (each.event_time, each.size_bytes)
        newest[each.key] = max(newest.get(each.key, age), age)
    assert {
        row["objectKey"]["S"]: (int(row["eventTime"]["N"]), int(row["objectSize"]["N"]))
        for row in recorded([told])
    } == newest


def test_an_older_event_does_not_undo_a_newer_one(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 9."""
    new = upload("a-vaultjob/x", size_bytes=1, event_time=EVENT_TIME + 1)
    old = upload("a-vaultjob/x", size_bytes=9, event_time=EVENT_TIME)
    for each in (new, old):
        handler(data_event(each), context.typed)
    (row,) = aws.dynamodb.rows(EVENT_TABLE)
    assert row["objectSize"] == {"N": "1"}


def test_what_is_not_written_is_counted(
    aws: FakeAws, context: FakeContext, metrics: Callable[[], Counter[str]]
) -> None:
    """Pitfall 8: repeated uploads are skipped with a metric."""
    event = data_event(upload("a-vaultjob/x"), upload("a-vaultjob/x"), upload("a-vaultjob/y"))
    handler(event, context.typed)
    assert metrics() == {"UploadsRecorded": 2, "UploadEventsRepeated": 1}
    handler(event, context.typed)
    assert metrics() == {"UploadsRecorded": 0, "UploadEventsRepeated": 3}


def test_each_row_is_written_by_a_put_of_its_own(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 5: BatchWriteItem knows no conditions and answers 200 with UnprocessedItems."""
    handler(data_event(*[upload(f"a-vaultjob/{n}") for n in range(60)]), context.typed)
    assert aws.dynamodb.operations == 60 * ["PutItem"]
    assert len(aws.dynamodb.rows(EVENT_TABLE)) == 60


def refuse_row_7(_: str, parameters: Mapping[str, Any]) -> Exception | None:
    """Fail the put of one row of twenty."""
    if parameters["Item"]["objectKey"]["S"].endswith("/7"):
        return client_error("ProvisionedThroughputExceededException", 400)
    return None


TWENTY = data_event(*[upload(f"a-vaultjob/{n}") for n in range(20)])


def test_one_failed_put_fails_the_event(aws: FakeAws, context: FakeContext) -> None:
    """Pitfall 5: it comes again, and then all is there; nothing is dropped."""
    aws.dynamodb.fails = refuse_row_7
    with pytest.raises(ClientError, match="ProvisionedThroughputExceeded"):
        handler(TWENTY, context.typed)
    aws.dynamodb.fails = lambda *_: None
    handler(TWENTY, context.typed)
    assert len(aws.dynamodb.rows(EVENT_TABLE)) == 20


def test_one_failed_put_does_not_keep_the_other_rows_back(
    aws: FakeAws, context: FakeContext
) -> None:
    """Pitfall 6: a row that can never be written must not take its whole bundle along."""
    aws.dynamodb.fails = refuse_row_7
    with pytest.raises(ClientError, match="ProvisionedThroughputExceeded"):
        handler(TWENTY, context.typed)
    assert len(aws.dynamodb.rows(EVENT_TABLE)) == 19


@pytest.mark.parametrize("event", [{}, {"detail": None}, {"detail": {}}, {"detail": "{}"}])
def test_a_malformed_event_is_refused(
    aws: FakeAws, context: FakeContext, event: dict[str, Any]
) -> None:
    with pytest.raises(MalformedEventError):
        handler(event, context.typed)
    assert aws.dynamodb.operations == []


@settings(max_examples=40)
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
    """Contract: what classify publishes, record reads and DynamoDB holds."""
    with installed(FakeAws()) as aws:
        back = failed(classify_upload.handler(batch(*events), FakeContext().typed))
        for entry in aws.events.accepted:
            event = {"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
            handler(event, FakeContext().typed)
        told = {
            event["detail"]["object-key"].removesuffix("/")
            for number, event in enumerate(events)
            if f"m{number}" not in back
        }
        assert {row["objectKey"]["S"] for row in aws.dynamodb.rows(EVENT_TABLE)} == told
