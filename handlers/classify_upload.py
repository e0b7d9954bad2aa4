"""SQS -> classify -> EventBridge: an uploaded object is data, a manifest, or neither.

Each message is published, skipped with a metric and a log line, or returned to SQS, which delivers
it again after longer and longer delays. A message goes to the dead-letter queue after some days, or
at once if it cannot be read. May run twice: a repeated event has no effect later on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from handlers.aws.folders import is_folder
from handlers.aws.lambda_environment import ClassifyEnvironment
from handlers.aws.source_queue import PartialAnswer, SourceQueue
from handlers.aws.telemetry import count, instrumented, logger
from handlers.core import json_fields
from handlers.core.bundles import BusEntry, Classified, calls, entries
from handlers.core.errors import MalformedEventError
from handlers.core.events import ObjectUpload
from handlers.core.naming import FileKind, Naming

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

events: EventBridgeClient = boto3.client("events")


@dataclass(slots=True)
class Messages:
    """The messages of a batch: their uploads, and by message id the reason why a message has none."""

    classified: list[Classified] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def read(records: Iterable[SQSRecord], naming: Naming) -> Messages:
    """Return the uploads in *records*; a message that can never be read is *unreadable*.

    Such a message neither fails nor repeats the others. Any other error may be a bug or a wrong
    configuration, so that message is delivered again.
    """
    messages = Messages()
    for record in records:
        try:
            upload = ObjectUpload.from_gateway_event(json_fields.parsed(record.body))
            found = classify(record.message_id, upload, naming)
        except MalformedEventError as error:
            count("MalformedUploadEvents")
            messages.unreadable[record.message_id] = str(error)
        except Exception as error:
            logger.exception("Not classified", message_id=record.message_id)
            messages.failed[record.message_id] = repr(error)
        else:
            if found:
                messages.classified.append(found)
    return messages


def classify(message_id: str, upload: ObjectUpload, naming: Naming) -> Classified | None:
    """Return *upload* with its dataset; None if it is in no dataset."""
    prefix = upload.share_prefix
    found = naming.classify(upload.key, share_prefix=prefix)
    if found is None:
        logger.info("Skipped: in no dataset's folder", object_key=upload.key)
        count("UploadsOutsideDatasets")
        return None
    set_id, kind = found
    if kind is FileKind.MANIFEST and is_folder(upload):
        kind = FileKind.DATA
    if kind is FileKind.DATA and naming.is_near_miss(upload.key, share_prefix=prefix):
        logger.warning("Starts nothing: the name resembles a manifest's", object_key=upload.key)
        count("ManifestNearMisses")
    return Classified(message_id=message_id, set_id=set_id, kind=kind, upload=upload)


def publish(call: Sequence[BusEntry], bus_name: str) -> dict[str, str]:
    """Put *call* on the bus; return the reason by message id for each refused entry."""
    try:
        answer = events.put_events(Entries=[entry.request(bus_name) for entry in call])
    except (BotoCoreError, ClientError) as error:
        logger.exception("PutEvents failed", entries=len(call))
        return {message_id: str(error) for entry in call for message_id in entry.message_ids}
    refused: dict[str, str] = {}
    for entry, result in zip(call, answer["Entries"], strict=True):
        if "ErrorCode" in result:
            logger.error("EventBridge refused an entry", error=result, detail=entry.detail[:1024])
            reason = f"{result['ErrorCode']}: {result.get('ErrorMessage', '')}"
            refused |= dict.fromkeys(entry.message_ids, reason)
    return refused


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> PartialAnswer:
    """Classify and publish a batch of messages; return those that failed to SQS.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    environment = ClassifyEnvironment.read()
    naming = Naming(
        job_dir_suffix=environment.job_dir_suffix, manifest_suffix=environment.manifest_suffix
    )
    records = list(SQSEvent(event).records)
    messages = read(records, naming)
    for call in calls(entries(messages.classified)):
        messages.failed |= publish(call, environment.event_bus_name)
    count("UploadsClassified", len(messages.classified))
    queue = SourceQueue(
        url=environment.upload_queue_url, dead_letters_url=environment.upload_dead_letters_url
    )
    return queue.answer(records, failed=messages.failed, unreadable=messages.unreadable)
