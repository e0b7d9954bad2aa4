"""Inputs that AWS sends to the handlers, with values for a test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from handlers.core.events import ManifestUpload, ObjectUpload
from handlers.core.naming import SetFolder
from tests.unit.fakes import EVENT_TABLE, FakeAws

EVENTS = Path(__file__).parents[1] / "events"
EVENT_TIME = 1_604_579_696
"""``2020-11-05T12:34:56Z``, the time of AWS's documented event."""
EXECUTION = "arn:aws:states:us-east-1:123456789011:execution:reconciliation:one"
OTHER_EXECUTION = "arn:aws:states:us-east-1:123456789011:execution:reconciliation:two"

HOSTILE_NAMES = {
    "quotes": "\"double\" 'single' `back`.txt",
    "backslash": "back\\slash\\n.txt",
    "percent": "100%25 %s %(x)s.txt",
    "plus": "a+b&c=d?e#f.txt",
    "newline": "two\nlines.txt",
    "carriage return": "a\rb.txt",
    "control": "bell\x07null\x00.txt",
    "line separator": "a\u2028b\u2029c\x85d.txt",
    "emoji": "\U0001f600\U0001f468\u200d\U0001f469.txt",
    "leading dash": "-rf",
    "leading space": " a b ",
    "braces": '{"object-key": "other"}',
    "combining": "e\u0301 is not \u00e9.txt",
    "right to left": "\u202ethree\u05d0\u05d1.txt",
    "template": "${HOME} $(id) {0}",
}

segments = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=12
)
"""Names that file systems allow, and some that they do not."""


def aws_event(name: str) -> dict[str, Any]:
    """Return the event in ``tests/events/<name>.json``."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def object_upload(key: str = "a-vaultjob/file", **changes: Any) -> dict[str, Any]:
    """Return AWS's documented event for *key* in a share without a prefix."""
    event = aws_event("object_upload")
    event["time"] = changes.pop("time", event["time"])
    event["detail"] |= {"object-key": key, "prefix": ""}
    event["detail"] |= {name.replace("_", "-"): value for name, value in changes.items()}
    return event


def batch(*bodies: Any, sent: float = EVENT_TIME, receives: int = 1) -> dict[str, Any]:
    """Return SQS messages ``m0``, ``m1``, ...; a body that is not text is encoded as JSON."""
    record = aws_event("sqs_record")
    attributes = record["attributes"] | {
        "SentTimestamp": str(int(sent * 1000)),
        "ApproximateReceiveCount": str(receives),
    }
    return {
        "Records": [
            record
            | {
                "messageId": f"m{number}",
                "receiptHandle": f"handle-{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": attributes,
            }
            for number, body in enumerate(bodies)
        ]
    }


def failed(answer: Mapping[str, Any]) -> list[str]:
    """Return the ids of the messages that an answer puts back."""
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def upload(
    key: str, *, size_bytes: int = 1, event_time: int = EVENT_TIME, bucket: str = "bucket"
) -> ObjectUpload:
    """Return an upload of a data file."""
    return ObjectUpload(bucket=bucket, key=key, size_bytes=size_bytes, event_time=event_time)


def data_event(*uploads: ObjectUpload, set_id: str = "a") -> dict[str, Any]:
    """Return a *Data File Upload Event*, written by hand after the contract."""
    return {
        "source": "vault.application",
        "detail-type": "Data File Upload Event",
        "detail": {
            "set-id": set_id,
            "bucket-name": "bucket",
            "objects": [
                {
                    "object-key": each.key,
                    "object-size": each.size_bytes,
                    "event-time": each.event_time,
                }
                for each in uploads
            ],
        },
    }


def manifest_upload(
    key: str = "a-vaultjob/a.manifest", *, set_id: str = "a", attempt: int = 1
) -> ManifestUpload:
    """Return the upload of a dataset's manifest."""
    return ManifestUpload(set_id=set_id, upload=upload(key, size_bytes=64), attempt=attempt)


def manifest_event(manifest: ManifestUpload | None = None) -> dict[str, Any]:
    """Return a *Manifest File Upload Event*, written by hand after the contract."""
    manifest = manifest or manifest_upload()
    attempt = {} if manifest.attempt == 1 else {"attempt": manifest.attempt}
    return {
        "source": "vault.application",
        "detail-type": "Manifest File Upload Event",
        "detail": {
            "set-id": manifest.set_id,
            "event-time": manifest.upload.event_time,
            "bucket-name": manifest.upload.bucket,
            "object-key": manifest.upload.key,
            "object-size": manifest.upload.size_bytes,
            **attempt,
        },
    }


def task_event(
    *,
    manifest: ManifestUpload | None = None,
    ticker: int = 1,
    count: int = 960,
    check: Mapping[str, Any] | None = None,
    failure: Mapping[str, Any] | None = None,
    execution: str = EXECUTION,
) -> dict[str, Any]:
    """Return the input from the machine's tasks: the execution and its whole state."""
    state = manifest_event(manifest) | {
        "iterator": {"Payload": {"ticker": ticker, "count": count, "continue": ticker < count}}
    }
    if check is not None:
        state["reconcilecheck"] = {"Payload": check}
    if failure is not None:
        state["failure"] = failure
    return {"execution": execution, "started": "2020-11-05T12:35:00.123Z", "state": state}


def store(
    aws: FakeAws,
    *,
    lines: Iterable[str],
    announced: Iterable[str] = (),
    objects: Iterable[str] = (),
    manifest: ManifestUpload | None = None,
) -> str:
    """Put a dataset into *aws*: manifest, rows and objects; return the manifest's version.

    All names are relative to the dataset's folder.
    """
    manifest = manifest or manifest_upload()
    folder = SetFolder.of_manifest(manifest.upload.key).prefix
    content = "".join(f"{folder}{line}\n" for line in lines).encode()
    version_id = aws.s3.put(manifest.upload.key, content)
    for name in objects:
        aws.s3.put(f"{folder}{name}")
    for name in announced:
        put_row(aws, f"{folder}{name}", set_id=manifest.set_id)
    return version_id


def put_row(
    aws: FakeAws,
    key: str,
    *,
    set_id: str = "a",
    size_bytes: int = 0,
    event_time: int = EVENT_TIME,
    expires_at: int = EVENT_TIME + 86_400,
) -> None:
    """Put one row into the upload event table."""
    aws.dynamodb.put_item(
        TableName=EVENT_TABLE,
        Item={
            "setId": {"S": set_id},
            "objectKey": {"S": key},
            "bucketName": {"S": "bucket"},
            "objectSize": {"N": str(size_bytes)},
            "eventTime": {"N": str(event_time)},
            "expiresAt": {"N": str(expires_at)},
        },
    )
