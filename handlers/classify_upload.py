"""SQS -> classify -> EventBridge: is an uploaded object data, a manifest, or neither?

Every message is published, or skipped with a metric and a log line, or reported back to
SQS, which delivers it again and at last moves it to the dead-letter queue. May run
twice: a repeated event changes nothing further on.
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


def read(records: Iterable[SQSRecord], naming: Naming) -> tuple[list[Classified], list[str]]:
    """Return what the messages tell, and the ids of those that cannot be read.

    One malformed message must not redeliver or lose the others, whatever is wrong with it.
    """
    classified: list[Classified] = []
    unreadable: list[str] = []
    for record in records:
        try:
            upload = ObjectUpload.from_gateway_event(json.loads(record.body))
            found = classify(record.message_id, upload, naming)
        except Exception:
            logger.exception("Malformed upload event", message_id=record.message_id)
            count("MalformedUploadEvents")
            unreadable.append(record.message_id)
            continue
        if found is None:
            logger.info("Skipped: in no dataset's folder", object_key=upload.key)
            count("UploadsOutsideDatasets")
        else:
            classified.append(found)
    return classified, unreadable


def publish(call: Sequence[BusEntry], bus_name: str) -> list[str]:
    """Put *call* on the bus; return the ids of the messages whose entry was refused."""
    try:
        answer = events.put_events(Entries=[entry.request(bus_name) for entry in call])
    except (BotoCoreError, ClientError):
        logger.exception("PutEvents failed", entries=len(call))
        return [message_id for entry in call for message_id in entry.message_ids]
    refused: list[str] = []
    for entry, result in zip(call, answer["Entries"], strict=True):
        if "ErrorCode" in result:
            logger.error("EventBridge refused an entry", error=result, detail=entry.detail[:1024])
            refused.extend(entry.message_ids)
    return refused


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Classify and publish a batch of messages; report only the failed ones back to SQS.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    environment = ClassifyEnvironment.read()
    naming = Naming(
        job_dir_suffix=environment.job_dir_suffix, manifest_suffix=environment.manifest_suffix
    )
    classified, failed = read(SQSEvent(event).records, naming)
    for call in calls(entries(classified)):
        failed.extend(publish(call, environment.event_bus_name))
    count("UploadsClassified", len(classified))
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
