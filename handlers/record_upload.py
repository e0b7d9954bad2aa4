"""EventBridge -> record -> DynamoDB: a row for each uploaded object.

Every upload of the event is in the table when this returns, or the event is delivered
again. May run twice and in any order: a row keeps the newest event of its key.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from handlers.aws.lambda_environment import RecordEnvironment
from handlers.aws.telemetry import count, instrumented, logger
from handlers.core import json_fields
from handlers.core.events import MANIFEST_UPLOADED, DataUploads, ManifestUpload, ObjectUpload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WRITERS = 8
dynamodb: DynamoDBClient = boto3.client(
    "dynamodb", config=Config(max_pool_connections=WRITERS, retries={"mode": "standard"})
)

NEWER = (
    "attribute_not_exists(eventTime) OR eventTime < :time"
    " OR (eventTime = :time AND objectSize < :size)"
)
"""What a row must be for an event to replace it. Of two events of one second the larger
size wins, so that the order in which events come never matters."""


def uploads_of(event: dict[str, Any]) -> DataUploads:
    """Read either of our two upload events, or raise MalformedEventError."""
    detail = json_fields.mapping(event, "detail")
    if event.get("detail-type") != MANIFEST_UPLOADED:
        return DataUploads.from_detail(detail)
    manifest = ManifestUpload.from_detail(detail)
    return DataUploads(
        set_id=manifest.set_id, bucket=manifest.upload.bucket, uploads=[manifest.upload]
    )


def newest(uploads: Iterable[ObjectUpload]) -> list[ObjectUpload]:
    """Return the newest upload of each key."""
    by_key: dict[str, ObjectUpload] = {}
    for upload in uploads:
        known = by_key.get(upload.key)
        if known is None or _age(known) < _age(upload):
            by_key[upload.key] = upload
    return list(by_key.values())


def to_item(set_id: str, upload: ObjectUpload, *, expiry_days: int) -> dict[str, Any]:
    """Return the row of *upload*; it expires *expiry_days* after the event."""
    return {
        "setId": {"S": set_id},
        "objectKey": {"S": upload.key},
        "bucketName": {"S": upload.bucket},
        "objectSize": {"N": str(upload.size_bytes)},
        "eventTime": {"N": str(upload.event_time)},
        "expiresAt": {"N": str(upload.event_time + expiry_days * 86_400)},
    }


def put(table: str, item: dict[str, Any]) -> bool:
    """Write *item* unless its row knows a newer event; say whether it was written."""
    try:
        dynamodb.put_item(
            TableName=table,
            Item=item,
            ConditionExpression=NEWER,
            ExpressionAttributeValues={":time": item["eventTime"], ":size": item["objectSize"]},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        logger.debug("Skipped: the row knows a newer event", object_key=item["objectKey"]["S"])
        return False
    return True


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Record every upload in the event, or raise: EventBridge then delivers the event again."""
    environment = RecordEnvironment.read()
    received = uploads_of(event)
    items = [
        to_item(received.set_id, upload, expiry_days=environment.expiry_days)
        for upload in newest(received.uploads)
    ]
    with ThreadPoolExecutor(WRITERS) as writers:
        puts = [writers.submit(put, environment.upload_event_table, item) for item in items]
    written = sum(each.result() for each in puts)
    count("UploadsRecorded", written)
    count("UploadEventsRepeated", len(received.uploads) - written)


def _age(upload: ObjectUpload) -> tuple[int, int]:
    return upload.event_time, upload.size_bytes
