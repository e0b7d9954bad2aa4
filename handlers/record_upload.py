"""SQS -> record -> DynamoDB: a row for each uploaded object.

Every upload of a message is in the table before SQS deletes the message; what the table does
not take is tried again, later each time. May run twice and in any order: a row keeps the newest
event of its key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.aws.lambda_environment import RecordEnvironment
from handlers.aws.source_queue import PartialAnswer, SourceQueue
from handlers.aws.telemetry import count, instrumented, logger
from handlers.aws.upload_rows import UploadRow, UploadRows
from handlers.core import json_fields
from handlers.core.errors import MalformedEventError
from handlers.core.events import (
    DATA_UPLOADED,
    MANIFEST_UPLOADED,
    DataUploads,
    ManifestUpload,
    ObjectUpload,
)

RESERVE_SECONDS = 15
"""For the puts that are under way, and for what is put back."""


def uploads_of(event: dict[str, Any]) -> DataUploads:
    """Return what either of our two upload events announces, or raise MalformedEventError."""
    detail = json_fields.mapping(event, "detail")
    detail_type = json_fields.text(event, "detail-type")
    if detail_type == DATA_UPLOADED:
        return DataUploads.from_detail(detail)
    if detail_type != MANIFEST_UPLOADED:
        raise MalformedEventError(f"'detail-type' is {detail_type!r}")
    manifest = ManifestUpload.from_detail(detail)
    return DataUploads(
        set_id=manifest.set_id, bucket=manifest.upload.bucket, uploads=[manifest.upload]
    )


def newest(uploads: Iterable[ObjectUpload]) -> list[ObjectUpload]:
    """Return the newest upload of each key."""
    by_key: dict[str, ObjectUpload] = {}
    for upload in uploads:
        known = by_key.get(upload.key)
        if known is None or known.age < upload.age:
            by_key[upload.key] = upload
    return list(by_key.values())


def read(
    records: Iterable[SQSRecord],
) -> tuple[list[UploadRow], dict[str, str], dict[str, str]]:
    """Return the rows that the messages announce, and why by id: unreadable messages, failed ones.

    Only a message that can never be read is unreadable; any other error may be one of this code.
    """
    rows: list[UploadRow] = []
    unreadable: dict[str, str] = {}
    failed: dict[str, str] = {}
    for record in records:
        try:
            received = uploads_of(json_fields.parsed(record.body))
        except MalformedEventError as error:
            count("MalformedUploadEvents")
            unreadable[record.message_id] = str(error)
            continue
        except Exception as error:
            logger.exception("Not read", message_id=record.message_id)
            failed[record.message_id] = repr(error)
            continue
        uploads = newest(received.uploads)
        count("UploadEventsRepeated", len(received.uploads) - len(uploads))
        rows += (
            UploadRow(
                message_id=record.message_id,
                set_id=received.set_id,
                upload=upload,
                repeated=int(record.attributes.approximate_receive_count) > 1,
            )
            for upload in uploads
        )
    return rows, unreadable, failed


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> PartialAnswer:
    """Record every upload of a batch of messages; return those that failed to SQS."""
    environment = RecordEnvironment.read()
    records = list(SQSEvent(event).records)
    rows, unreadable, failed = read(records)
    table = UploadRows(table=environment.upload_event_table, expiry_days=environment.expiry_days)
    written = table.write(
        rows, lambda: context.get_remaining_time_in_millis() < RESERVE_SECONDS * 1000
    )
    count("UploadsRecorded", written.rows)
    count("UploadEventsRepeated", written.repeated)
    queue = SourceQueue(
        url=environment.record_queue_url, dead_letters_url=environment.record_dead_letters_url
    )
    return queue.answer(records, failed=failed | written.failures, unreadable=unreadable)
