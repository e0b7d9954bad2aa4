"""A manifest that is in S3 -> one more execution for it, with the next attempt's number."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import boto3
from botocore.exceptions import ClientError

from deployment.errors import CommandError
from handlers.aws.outcome_store import OutcomeStore
from handlers.core.events import MANIFEST_UPLOADED, SOURCE, ManifestUpload, ObjectUpload
from handlers.core.outcome import outcome_id
from stacks.settings import Settings


class NoManifestError(CommandError):
    """The dataset has no manifest in S3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An execution that has begun."""

    attempt: int
    execution_arn: str


def reconcile_again(settings: Settings, *, set_id: str, share_prefix: str = "") -> Started:
    """Start the next attempt at the manifest that the dataset has now.

    Raises:
        NoManifestError: There is none.
    """
    bucket = boto3.client("ssm").get_parameter(
        Name=f"/{settings.environment_name}/fileUploadBucketName"
    )["Parameter"]["Value"]
    folder = f"{share_prefix}{set_id}{settings.job_dir_suffix}"
    key = f"{folder}/{set_id}{settings.manifest_suffix}"
    head = _head(bucket, key)
    manifest = ManifestUpload(
        set_id=set_id,
        upload=ObjectUpload(
            bucket=bucket,
            key=key,
            size_bytes=head["ContentLength"],
            event_time=int(head["LastModified"].timestamp()),
        ),
    )
    outcomes = OutcomeStore(
        table=f"{settings.name_prefix}-outcomes", expiry_days=settings.expiry_days
    )
    version_id = head.get("VersionId", "null")
    attempts = (replace(manifest, attempt=attempt) for attempt in count(1))
    undecided = next(
        each for each in attempts if not outcomes.is_decided(outcome_id(each, version_id))
    )
    return Started(attempt=undecided.attempt, execution_arn=_start(settings, undecided))


def _head(bucket: str, key: str) -> Any:
    try:
        return boto3.client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        raise NoManifestError(
            f"There is no manifest s3://{bucket}/{key}: see whether the set's id and the share's"
            " prefix are right, and whether the manifest was vaulted"
        ) from error


def _start(settings: Settings, manifest: ManifestUpload) -> str:
    """Start an execution with such an event as the rule would have given it."""
    stepfunctions = boto3.client("stepfunctions")
    caller = boto3.client("sts").get_caller_identity()
    partition = caller["Arn"].split(":")[1]
    machine = f"{settings.name_prefix}-reconciliation"
    event = {
        "source": SOURCE,
        "detail-type": MANIFEST_UPLOADED,
        "detail": {**manifest.detail(), "attempt": manifest.attempt},
    }
    answer = stepfunctions.start_execution(
        stateMachineArn=(
            f"arn:{partition}:states:{stepfunctions.meta.region_name}:{caller['Account']}"
            f":stateMachine:{machine}"
        ),
        input=json.dumps(event, ensure_ascii=False),
    )
    return answer["executionArn"]
