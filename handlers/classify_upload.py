"""SQS -> classify -> EventBridge: is an uploaded object data, a manifest, or neither?

Every message is published, or skipped with a metric and a log line, or returned to SQS, which
delivers it again, later each time; after days, or at once if it cannot be read, it goes to the
dead-letter queue. May run twice: a repeated event changes nothing further on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from handlers.aws.lambda_environment import ClassifyEnvironment
from handlers.aws.source_queue import PartialAnswer, SourceQueue
from handlers.aws.telemetry import count, instrumented, logger
from handlers.core.bundles import BusEntry, Classified, calls, entries
from handlers.core.events import ObjectUpload
from handlers.core.naming import Naming

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

events: EventBridgeClient = boto3.client("events")


def classify(message_id: str, upload: ObjectUpload, naming: Naming) -> Classified | None:
    """Say which dataset *upload* belongs to, or None if it belongs to none."""
    found = naming.classify(upload.key, share_prefix=upload.share_prefix)
    if found is None:
        return None
    set_id, kind = found
    return Classified(message_id=message_id, set_id=set_id, kind=kind, upload=upload)


def read(records: Iterable[SQSRecord], naming: Naming) -> tuple[list[Classified], dict[str, str]]:
    """Return what the messages announce, and why by the id of each that cannot be read.

    One malformed message must not redeliver or lose the others, whatever is wrong with it.
    """
    classified: list[Classified] = []
    unreadable: dict[str, str] = {}
    for record in records:
        try:
            upload = ObjectUpload.from_gateway_event(json.loads(record.body))
            found = classify(record.message_id, upload, naming)
        except Exception as error:
            logger.exception("Malformed upload event", message_id=record.message_id)
            count("MalformedUploadEvents")
            unreadable[record.message_id] = repr(error)
            continue
        if found is None:
            logger.info("Skipped: in no dataset's folder", object_key=upload.key)
            count("UploadsOutsideDatasets")
        else:
            classified.append(found)
    return classified, unreadable


def publish(call: Sequence[BusEntry], bus_name: str) -> dict[str, str]:
    """Put *call* on the bus; return why by the id of each message whose entry was refused."""
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
    classified, unreadable = read(records, naming)
    failed: dict[str, str] = {}
    for call in calls(entries(classified)):
        failed |= publish(call, environment.event_bus_name)
    count("UploadsClassified", len(classified))
    queue = SourceQueue(
        url=environment.upload_queue_url, dead_letters_url=environment.upload_dead_letters_url
    )
    return queue.answer(records, failed=failed, unreadable=unreadable)
