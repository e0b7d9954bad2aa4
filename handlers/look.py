"""S3 and DynamoDB -> a look at a dataset: manifest, announced uploads, objects."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from handlers.comparison import Comparison, compare
from handlers.dataset import SetFolder
from handlers.errors import ManifestError, OutOfTimeError
from handlers.events import ManifestUpload
from handlers.manifest import listed_keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 1024 * 1024
dynamodb: DynamoDBClient = boto3.client("dynamodb")
s3: S3Client = boto3.client("s3")


class TimeLimit:
    """How long a look may take: until *reserve_seconds* before the function's own end."""

    def __init__(self, context: LambdaContext, *, reserve_seconds: int) -> None:
        self._context = context
        self._reserve_ms = reserve_seconds * 1000

    def check(self) -> None:
        """Raise OutOfTimeError once the time is up."""
        if self._context.get_remaining_time_in_millis() < self._reserve_ms:
            raise OutOfTimeError("The look at the dataset was cut short by its time limit")


def newest_version(manifest: ManifestUpload) -> str:
    """Return the S3 version id that the manifest has at this moment."""
    upload = manifest.upload
    try:
        head = s3.head_object(Bucket=upload.bucket, Key=upload.key)
    except ClientError as error:
        raise _unreadable(upload.key, error) from error
    return head.get("VersionId", "null")


def look(
    manifest: ManifestUpload,
    version_id: str,
    *,
    table: str,
    limit: TimeLimit,
    verify_incomplete: bool = False,
) -> Comparison:
    """Compare the manifest's version with the uploads that were announced.

    A dataset that seems whole is verified against the objects in S3; one that does not
    is too if *verify_incomplete*, so that it is known which missing keys S3 has.

    Raises:
        ManifestError: The manifest cannot be read, or lists no file.
        OutOfTimeError: The time is up.
    """
    upload = manifest.upload
    folder = SetFolder.of_manifest(upload.key)
    implied = {upload.key, folder.prefix.rstrip("/")}
    listed = set(_listed(upload.bucket, upload.key, version_id, folder, limit)) - implied
    announced = dict(_announced(table, manifest.set_id, folder, limit))
    announced.pop(upload.key, None)
    comparison = compare(listed, announced)
    if comparison.complete or verify_incomplete:
        objects = set(_objects(upload.bucket, folder, limit)) - implied
        comparison = compare(listed, announced, objects)
    return comparison


def _listed(
    bucket: str, key: str, version_id: str, folder: SetFolder, limit: TimeLimit
) -> Iterator[str]:
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, VersionId=version_id)
    except ClientError as error:
        raise _unreadable(key, error) from error

    def chunks() -> Iterator[bytes]:
        for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
            limit.check()
            yield chunk

    return listed_keys(chunks(), folder)


def _announced(
    table: str, set_id: str, folder: SetFolder, limit: TimeLimit
) -> Iterator[tuple[str, int]]:
    """Yield key and size of each row that has not expired; a stale page can only delay."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="setId = :set AND begins_with(objectKey, :folder)",
        FilterExpression="expiresAt > :now",
        ProjectionExpression="objectKey, objectSize",
        ExpressionAttributeValues={
            ":set": {"S": set_id},
            ":folder": {"S": folder.prefix},
            ":now": {"N": str(int(time.time()))},
        },
    )
    for page in pages:
        limit.check()
        for item in page["Items"]:
            yield item["objectKey"]["S"], int(item["objectSize"]["N"])


def _objects(bucket: str, folder: SetFolder, limit: TimeLimit) -> Iterator[str]:
    """Yield each object's key as events show it: S3 has ``dir/`` where they say ``dir``."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder.prefix):
        limit.check()
        for item in page.get("Contents", []):
            yield item["Key"].removesuffix("/")


def _unreadable(key: str, error: ClientError) -> Exception:
    """Tell a manifest that is not there, which stays so, from what a retry may cure."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status in (400, 404, 405):
        return ManifestError(f"The manifest {key!r} cannot be read from S3: {error}")
    return error
