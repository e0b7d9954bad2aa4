"""Test with EventBridge whether the deployed rule matches a gateway's events."""

from __future__ import annotations

import json
from typing import Any

import boto3

from operations.errors import OperatorError
from operations.vault import Vault


def documented_event(vault: Vault, bucket: str) -> dict[str, Any]:
    """Return the upload event of *bucket* as AWS documents it.

    https://docs.aws.amazon.com/filegateway/latest/files3/monitoring-file-gateway.html
    """
    gateway = f"arn:{vault.partition}:storagegateway:{vault.region}:{vault.account_id}"
    return {
        "version": "0",
        "id": "2649b160-d59d-c97f-3f64-8aaa9ea6aed3",
        "detail-type": "Storage Gateway Object Upload Event",
        "source": "aws.storagegateway",
        "account": vault.account_id,
        "time": "2020-11-05T12:34:56Z",
        "region": vault.region,
        "resources": [
            f"{gateway}:share/share-F123D451",
            f"{gateway}:gateway/sgw-712345DA",
            f"arn:{vault.partition}:s3:::{bucket}",
        ],
        "detail": {
            "object-size": 1024,
            "modification-time": "2020-01-05T12:30:00Z",
            "object-key": "my-file.txt",
            "event-type": "object-upload-complete",
            "prefix": "prefix/",
            "bucket-name": bucket,
        },
    }


def check_pattern(vault: Vault) -> str:
    """Return a sentence on the rule if it matches the events of this bucket only.

    Raises:
        OperatorError: The rule is disabled, or matches other events than it must.
    """
    events = boto3.client("events")
    name = vault.upload_rule_arn.rpartition("/")[2]
    rule = events.describe_rule(Name=name)
    if rule.get("State") != "ENABLED":
        raise OperatorError(
            f"The rule {name} is {rule.get('State')}: no upload arrives. 'aws events enable-rule"
            f" --name {name}' enables it."
        )
    bucket = vault.file_upload_bucket_name
    for candidate, wanted in ((bucket, True), (f"not-{bucket}", False)):
        answer = events.test_event_pattern(
            EventPattern=rule["EventPattern"],
            Event=json.dumps(documented_event(vault, candidate)),
        )
        if answer["Result"] is not wanted:
            raise OperatorError(
                f"The pattern of the rule {name} {'does not match' if wanted else 'matches'} the"
                f" upload event of the bucket {candidate}: deploy EventProcessingStack again."
            )
    return f"{name} matches AWS's documented event of this bucket, and of no other"
