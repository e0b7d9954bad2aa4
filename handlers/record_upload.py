"""SQS -> record -> DynamoDB: a row for each uploaded object, and one for its set.

Every upload of a message is in the table before SQS deletes the message. Uploads that cannot be
written are retried, with a longer delay each time. May run twice and in any order: a row keeps the
newest event of its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from handlers.aws.lambda_environment import RecordEnvironment
from handlers.aws.register import Register
from handlers.aws.source_queue import PartialAnswer, SourceQueue
from handlers.aws.telemetry import count, instrumented, logger
from handlers.aws.upload_rows import OUT_OF_TIME, UploadRow, UploadRows
from handlers.core import json_fields
from handlers.core.errors import MalformedEventError
from handlers.core.events import (
    DATA_UPLOADED,
    MANIFEST_UPLOADED,
    DataUploads,
    ManifestUpload,
    ObjectUpload,
)
from handlers.core.set_register import arrivals

Received = dict[str, DataUploads | ManifestUpload]

RESERVE_SECONDS = 15
"""Time for the puts that are running, and for putting messages back."""


def received_from(event: dict[str, Any]) -> DataUploads | ManifestUpload:
    """Read either of our two upload events, or raise MalformedEventError."""
    detail = json_fields.mapping(event, "detail")
    detail_type = json_fields.text(event, "detail-type")
    if detail_type == DATA_UPLOADED:
        return DataUploads.from_detail(detail)
    if detail_type == MANIFEST_UPLOADED:
        return ManifestUpload.from_detail(detail)
    raise MalformedEventError(f"'detail-type' is {detail_type!r}")


def newest(uploads: Iterable[ObjectUpload]) -> list[ObjectUpload]:
    """Return the newest upload of each key."""
    by_key: dict[str, ObjectUpload] = {}
    for upload in uploads:
        known = by_key.get(upload.key)
        if known is None or known.recency < upload.recency:
            by_key[upload.key] = upload
    return list(by_key.values())


def read(records: Iterable[SQSRecord]) -> tuple[Received, dict[str, str], dict[str, str]]:
    """Return by id the announced uploads, and the reasons for unreadable and for failed messages.

    Only a message that can never be read is unreadable; any other error may be a bug in this code.
    """
    received: Received = {}
    unreadable: dict[str, str] = {}
    failed: dict[str, str] = {}
    for record in records:
        try:
            received[record.message_id] = received_from(json_fields.parsed(record.body))
        except MalformedEventError as error:
            count("MalformedUploadEvents")
            unreadable[record.message_id] = str(error)
        except Exception as error:
            logger.exception("Not read", message_id=record.message_id)
            failed[record.message_id] = repr(error)
    return received, unreadable, failed


def rows_of(record: SQSRecord, received: DataUploads | ManifestUpload) -> Iterator[UploadRow]:
    """Yield a row for each key that a message announces."""
    uploads = [received.upload] if isinstance(received, ManifestUpload) else received.uploads
    latest = newest(uploads)
    count("UploadEventsRepeated", len(uploads) - len(latest))
    for upload in latest:
        yield UploadRow(
            message_id=record.message_id,
            set_id=received.set_id,
            upload=upload,
            repeated=int(record.attributes.approximate_receive_count) > 1,
        )


def register_sets(
    register: Register,
    recorded: Received,
    out_of_time: Callable[[], bool],
    *,
    job_dir_suffix: str,
) -> dict[str, str]:
    """Add the *recorded* uploads to the register; return the reasons for failures by message id.

    If a row cannot be written, only the messages of its set fail.
    """
    messages: dict[str, list[str]] = {}
    writes: dict[str, Callable[[], None]] = {}
    data = {id_: each for id_, each in recorded.items() if isinstance(each, DataUploads)}
    for id_, each in data.items():
        for arrival in arrivals([each], job_dir_suffix=job_dir_suffix):
            messages.setdefault(arrival.folder, []).append(id_)
    for arrival in arrivals(data.values(), job_dir_suffix=job_dir_suffix):
        writes[arrival.folder] = partial(register.arrived, arrival)
    for id_, manifest in recorded.items():
        if isinstance(manifest, ManifestUpload):
            messages[id_] = [id_]
            writes[id_] = partial(register.manifest_arrived, manifest)
    failed: dict[str, str] = {}
    for key, write in writes.items():
        if out_of_time():
            failed |= dict.fromkeys(messages[key], OUT_OF_TIME)
            continue
        try:
            write()
        except (BotoCoreError, ClientError) as error:
            logger.exception("The register of sets cannot be written", key=key)
            failed |= dict.fromkeys(messages[key], f"The register of sets: {error}")
    return failed


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> PartialAnswer:
    """Record every upload of a batch of messages; return the failed messages to SQS."""
    environment = RecordEnvironment.read()
    records = list(SQSEvent(event).records)
    received, unreadable, failed = read(records)
    table = UploadRows(table=environment.upload_event_table, expiry_days=environment.expiry_days)

    def out_of_time() -> bool:
        return context.get_remaining_time_in_millis() < RESERVE_SECONDS * 1000

    written = table.write(
        [
            row
            for record in records
            if record.message_id in received
            for row in rows_of(record, received[record.message_id])
        ],
        out_of_time,
    )
    count("UploadsRecorded", written.rows)
    count("UploadEventsRepeated", written.repeated)
    recorded = {id_: each for id_, each in received.items() if id_ not in written.failures}
    unregistered = register_sets(
        Register(table=environment.set_table),
        recorded,
        out_of_time,
        job_dir_suffix=environment.job_dir_suffix,
    )
    queue = SourceQueue(
        url=environment.record_queue_url, dead_letters_url=environment.record_dead_letters_url
    )
    failed |= written.failures | unregistered
    return queue.answer(records, failed=failed, unreadable=unreadable)
