"""AWS's documented event can be read; the project's own events follow the contract."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.errors import MalformedEventError
from handlers.core.events import DataUploads, ManifestUpload, ObjectUpload
from tests.unit.samples import (
    EVENT_TIME,
    HOSTILE_NAMES,
    aws_event,
    data_event,
    manifest_event,
    manifest_upload,
    object_upload,
    segments,
    upload,
)

NOT_TEXT: list[object] = [None, 7, 1.5, True, False, [], ["x"], {}, {"x": "y"}, ""]
NOT_A_WHOLE_NUMBER: list[object] = [
    None,
    "1024",
    1.5,
    1024.0,
    True,
    False,
    -1,
    [],
    {},
    float("nan"),
]
NOT_A_TIME: list[object] = [
    None,
    1604579696,
    True,
    "",
    "yesterday",
    "2020-11-05",
    "2020-11-05T12:34:56",
    "2020-13-05T12:34:56Z",
]


def test_the_event_that_aws_documents_is_read() -> None:
    read = ObjectUpload.from_gateway_event(aws_event("object_upload"))
    assert read == ObjectUpload(
        bucket="bucket", key="prefix/my-file.txt", size_bytes=1024, event_time=EVENT_TIME
    )
    assert read.share_prefix == "prefix/"


@pytest.mark.parametrize(
    ("prefix", "key", "whole"),
    [
        ("p/", "a-vaultjob/x", "p/a-vaultjob/x"),
        ("p/", "p/a-vaultjob/x", "p/a-vaultjob/x"),
        ("p/q/", "p/a-vaultjob/x", "p/q/p/a-vaultjob/x"),
        ("p/", "pa-vaultjob/x", "p/pa-vaultjob/x"),
        ("", "a-vaultjob/x", "a-vaultjob/x"),
        (None, "a-vaultjob/x", "a-vaultjob/x"),
    ],
)
def test_the_shares_prefix_is_in_the_key_once(prefix: str | None, key: str, whole: str) -> None:
    """Pitfall 3: AWS does not document whether the key includes it."""
    assert ObjectUpload.from_gateway_event(object_upload(key, prefix=prefix)).key == whole


def test_an_event_without_a_prefix_is_of_a_share_without_one() -> None:
    event = object_upload("a-vaultjob/x")
    del event["detail"]["prefix"]
    read = ObjectUpload.from_gateway_event(event)
    assert (read.key, read.share_prefix) == ("a-vaultjob/x", "")


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_keys_are_taken_literally(name: str) -> None:
    """Pitfall 4: keys are not URL-encoded, escaped or normalised."""
    key = f"a-vaultjob/{name}"
    assert ObjectUpload.from_gateway_event(object_upload(key)).key == key


def test_a_folders_key_has_no_trailing_slash() -> None:
    """Pitfall 15: S3 has ``dir/`` where the event has ``dir``; this project uses ``dir``."""
    for key in ("a-vaultjob/dir", "a-vaultjob/dir/"):
        assert ObjectUpload.from_gateway_event(object_upload(key, object_size=0)) == upload(
            "a-vaultjob/dir", size_bytes=0
        )


@pytest.mark.parametrize("key", ["a-vaultjob/\ud800", "\udfff-vaultjob/x", "a-vaultjob/x\udc80y"])
def test_a_key_with_a_lone_surrogate_is_refused(key: str) -> None:
    """Pitfall 4: it has no UTF-8 form, so S3 cannot have it."""
    with pytest.raises(MalformedEventError, match="UTF-8"):
        ObjectUpload.from_gateway_event(object_upload(key))


def test_a_key_has_at_most_1024_bytes_of_utf_8() -> None:
    longest = "a-vaultjob/x" + 506 * "\u00e9"
    assert len(longest.encode()) == 1024
    assert ObjectUpload.from_gateway_event(object_upload(longest)).key == longest
    for event in (object_upload(f"{longest}y"), object_upload(longest, prefix="p/")):
        with pytest.raises(MalformedEventError, match=r"1025|1026"):
            ObjectUpload.from_gateway_event(event)


@pytest.mark.parametrize("field", ["object-key", "object-size", "bucket-name"])
def test_a_missing_field_is_named(field: str) -> None:
    event = object_upload()
    del event["detail"][field]
    with pytest.raises(MalformedEventError, match=field):
        ObjectUpload.from_gateway_event(event)


@pytest.mark.parametrize("field", ["time", "detail"])
def test_a_missing_part_of_the_envelope_is_named(field: str) -> None:
    event = object_upload()
    del event[field]
    with pytest.raises(MalformedEventError, match=field):
        ObjectUpload.from_gateway_event(event)


@pytest.mark.parametrize("value", NOT_TEXT)
@pytest.mark.parametrize("field", ["object-key", "bucket-name"])
def test_text_is_text_and_not_empty(field: str, value: object) -> None:
    event = object_upload()
    event["detail"][field] = value
    with pytest.raises(MalformedEventError, match=field):
        ObjectUpload.from_gateway_event(event)


@pytest.mark.parametrize("value", [7, True, ["p/"], {"p": 1}, 0, False, [], {}, "\ud800/"])
def test_a_prefix_of_a_wrong_type_is_not_read_as_no_prefix(value: object) -> None:
    """Pitfall 3: without its prefix the key would be that of another object."""
    with pytest.raises(MalformedEventError, match="prefix"):
        ObjectUpload.from_gateway_event(object_upload(prefix=value))


@pytest.mark.parametrize("value", NOT_A_WHOLE_NUMBER)
def test_a_size_is_a_whole_number(value: object) -> None:
    """Python treats a boolean as a number; here it is an error."""
    with pytest.raises(MalformedEventError, match="object-size"):
        ObjectUpload.from_gateway_event(object_upload(object_size=value))


@pytest.mark.parametrize("value", NOT_A_TIME)
def test_a_time_is_iso_8601_with_its_zone(value: object) -> None:
    with pytest.raises(MalformedEventError, match="time"):
        ObjectUpload.from_gateway_event(object_upload(time=value))


@pytest.mark.parametrize(
    "time", ["2020-11-05T12:34:56Z", "2020-11-05T12:34:56.789Z", "2020-11-05T14:04:56+01:30"]
)
def test_times_become_unix_seconds(time: str) -> None:
    assert ObjectUpload.from_gateway_event(object_upload(time=time)).event_time == EVENT_TIME


@pytest.mark.parametrize("value", ["object-upload-started", "", None, 7, []])
def test_only_completed_uploads_count(value: object) -> None:
    event = object_upload()
    event["detail"]["event-type"] = value
    with pytest.raises(MalformedEventError, match="event-type"):
        ObjectUpload.from_gateway_event(event)


def test_a_data_event_has_the_fields_of_the_contract() -> None:
    uploads = [upload("a-vaultjob/x", size_bytes=5), upload("a-vaultjob/y", size_bytes=0)]
    data = DataUploads(set_id="a", bucket="bucket", uploads=uploads)
    assert data.detail() == data_event(*uploads)["detail"]


def test_a_manifest_event_has_the_fields_of_the_contract() -> None:
    assert manifest_upload().detail() == manifest_event()["detail"]


@given(
    set_id=segments,
    uploads=st.lists(
        st.builds(
            upload,
            segments,
            size_bytes=st.integers(0, 2**50),
            event_time=st.integers(0, 2**33),
        )
    ),
)
def test_a_data_event_is_equal_after_writing_and_reading_it(
    set_id: str, uploads: list[ObjectUpload]
) -> None:
    data = DataUploads(set_id=set_id, bucket="bucket", uploads=uploads)
    assert DataUploads.from_detail(data.detail()) == data


@given(set_id=segments)
def test_a_manifest_event_is_equal_after_writing_and_reading_it(set_id: str) -> None:
    manifest = manifest_upload(f"{set_id}-vaultjob/{set_id}.manifest", set_id=set_id)
    assert ManifestUpload.from_detail(manifest.detail()) == manifest


def test_an_attempt_is_read_and_its_default_is_1() -> None:
    detail = manifest_event()["detail"]
    assert ManifestUpload.from_detail(detail).attempt == 1
    assert ManifestUpload.from_detail(detail | {"attempt": 3}).attempt == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("set-id", None),
        ("set-id", ""),
        ("bucket-name", 7),
        ("objects", None),
        ("objects", {}),
        ("objects", ["a-vaultjob/x"]),
        ("objects", [None]),
        ("objects", [{}]),
        ("objects", [{"object-key": "k", "object-size": True, "event-time": 1}]),
        ("objects", [{"object-key": "k", "object-size": 1, "event-time": "2020"}]),
        ("objects", [{"object-key": "\ud800", "object-size": 1, "event-time": 1}]),
    ],
)
def test_a_malformed_data_event_is_refused(field: str, value: Any) -> None:
    detail = deepcopy(data_event(upload("a-vaultjob/x"))["detail"]) | {field: value}
    with pytest.raises(MalformedEventError):
        DataUploads.from_detail(detail)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("set-id", None),
        ("bucket-name", ""),
        ("object-key", 7),
        ("object-size", "64"),
        ("event-time", False),
        ("attempt", "2"),
        ("attempt", None),
        ("attempt", True),
    ],
)
def test_a_malformed_manifest_event_is_refused(field: str, value: Any) -> None:
    with pytest.raises(MalformedEventError, match=field):
        ManifestUpload.from_detail(manifest_event()["detail"] | {field: value})
