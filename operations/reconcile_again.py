"""A manifest that is in S3 -> one more execution for it, with the next attempt's number."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import boto3
from botocore.exceptions import ClientError

from handlers.core.events import MANIFEST_UPLOADED, SOURCE, ManifestUpload, ObjectUpload
from handlers.core.outcome import outcome_id
from operations.errors import NoManifestError
from operations.safe_text import shown
from operations.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An execution that has begun."""

    attempt: int
    execution_arn: str


def reconcile_again(vault: Vault, *, set_id: str, share_prefix: str = "") -> Started:
    """Start the next attempt at the manifest that the dataset has now.

    Raises:
        NoManifestError: There is none.
    """
    from handlers.aws.outcome_store import OutcomeStore  # makes its client when it is imported

    bucket = vault.file_upload_bucket_name
    key = vault.manifest_key(set_id, share_prefix=share_prefix)
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
    outcomes = OutcomeStore(table=vault.outcome_table_name, expiry_days=vault.expiry_days)
    version_id = head.get("VersionId", "null")
    attempts = (replace(manifest, attempt=attempt) for attempt in count(1))
    undecided = next(
        each for each in attempts if not outcomes.is_decided(outcome_id(each, version_id))
    )
    return Started(
        attempt=undecided.attempt, execution_arn=_start(vault.state_machine_arn, undecided)
    )


def _head(bucket: str, key: str) -> Any:
    try:
        return boto3.client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        raise NoManifestError(
            f"There is no manifest {shown(f's3://{bucket}/{key}')}: check the set id and the share's"
            " prefix, and whether the manifest was vaulted."
        ) from error


def _start(state_machine_arn: str, manifest: ManifestUpload) -> str:
    """Start an execution with an event like the one that the rule passes on."""
    event = {
        "source": SOURCE,
        "detail-type": MANIFEST_UPLOADED,
        "detail": {**manifest.detail(), "attempt": manifest.attempt},
    }
    answer = boto3.client("stepfunctions").start_execution(
        stateMachineArn=state_machine_arn, input=json.dumps(event, ensure_ascii=False)
    )
    return answer["executionArn"]
