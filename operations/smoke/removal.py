"""Remove the data of a smoke test: object versions, rows, register, outcomes and reports.

The set ids are sufficient to find all data, so that the data of an interrupted test can be removed later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from handlers.core.outcome import digest
from operations.smoke.policy import REPORT_PREFIXES
from operations.vault import Vault

PASSES = 5
PASS_SECONDS = 3
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 8})
"""Retries for deletions that AWS throttles."""
A_CALL = 1_000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


@dataclass(frozen=True, slots=True)
class Left:
    """Something that could not be removed, and the reason."""

    what: str
    reason: str


@dataclass
class Removal:
    """Removes all data of some datasets."""

    vault: Vault
    set_ids: Sequence[str]
    executions: set[str] = field(default_factory=set)
    """The known ARNs; the ARNs in the outcomes table are added to them."""
    removed: int = 0
    _manifests: set[tuple[str, str, int]] = field(default_factory=set)
    """Key, version id and modification time of each manifest that was found."""

    def __post_init__(self) -> None:
        self._s3: Any = boto3.client("s3", config=PATIENT)
        self._dynamodb: Any = boto3.client("dynamodb", config=PATIENT)

    def run(self) -> list[Left]:
        """Remove everything; return what is left.

        A function that still runs may write once more, so that the removal repeats until a pass finds
        nothing, at most PASSES times.
        """
        left: list[Left] = []
        for number in range(PASSES):
            if number:
                time.sleep(PASS_SECONDS)
            before, left = self.removed, self._pass()
            if not left and self.removed == before:
                break
        return left

    def _pass(self) -> list[Left]:
        vault, left = self.vault, []
        steps: list[tuple[str, Callable[[], None]]] = []
        bucket, reports = vault.file_upload_bucket_name, vault.reports_bucket_name
        for set_id in self.set_ids:
            manifest = vault.manifest_key(set_id)
            steps.append((f"s3://{bucket}/{manifest}", partial(self._remember, manifest)))
        steps.append((f"outcomes in {vault.outcome_table_name}", self._remove_outcomes))
        for set_id in self.set_ids:
            folder = vault.folder(set_id)
            steps += [
                (f"s3://{bucket}/{folder}", partial(self._remove_objects, bucket, folder)),
                *(
                    (f"s3://{reports}/{each}", partial(self._remove_objects, reports, each))
                    for each in (f"{prefix}/{set_id}/" for prefix in REPORT_PREFIXES)
                ),
                (
                    f"rows of {set_id} in {vault.upload_event_table_name}",
                    partial(self._remove_rows, set_id),
                ),
                (f"{folder} in {vault.set_table_name}", partial(self._unregister, folder)),
            ]
        for what, step in steps:
            try:
                step()
            except (BotoCoreError, ClientError) as error:
                left.append(Left(what, str(error)))
        return left

    def _remember(self, manifest_key: str) -> None:
        """Remember the manifest's versions, from which the keys of its outcomes are computed."""
        for version in self._versions(self.vault.file_upload_bucket_name, manifest_key):
            if version["Key"] == manifest_key:
                modified = int(version["LastModified"].timestamp())
                self._manifests.add((manifest_key, version["VersionId"], modified))

    def _remove_outcomes(self) -> None:
        bucket = self.vault.file_upload_bucket_name
        for key, version_id, modified in self._manifests:
            for of in (digest(bucket, key, modified), digest(bucket, key, "version", version_id)):
                item = self._remove_item(self.vault.outcome_table_name, id=f"executions#{of}")
                self.executions |= set(item.get("executions", {}).get("SS", []))
            for version in (version_id, str(modified)):  # the time if no version was pinned
                self._remove_item(self.vault.outcome_table_name, id=digest(bucket, key, version, 1))
        for arn in self.executions:
            self._remove_item(self.vault.outcome_table_name, id=f"pin#{arn}")
            self._remove_item(self.vault.outcome_table_name, id=f"look#{arn}")

    def _remove_objects(self, bucket: str, prefix: str) -> None:
        versions = self._versions(bucket, prefix)
        while some := list(islice(versions, A_CALL)):
            answer = self._s3.delete_objects(
                Bucket=bucket,
                Delete={
                    "Objects": [{"Key": x["Key"], "VersionId": x["VersionId"]} for x in some],
                    "Quiet": True,
                },
            )
            refused = answer.get("Errors", [])
            self.removed += len(some) - len(refused)
            for error in refused[:1]:
                raise ClientError({"Error": error}, "DeleteObjects")

    def _versions(self, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._s3.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix):
            yield from page.get("Versions", [])
            yield from page.get("DeleteMarkers", [])

    def _remove_rows(self, set_id: str) -> None:
        for key in row_keys(self._dynamodb, self.vault, set_id):
            self._remove_item(self.vault.upload_event_table_name, setId=set_id, objectKey=key)

    def _unregister(self, folder: str) -> None:
        """Remove the rows of a set and of its executions from the register."""
        if table := self.vault.set_table_name:
            row = self._remove_item(table, folder=folder)
            for execution in row.get("executions", {}).get("SS", []):
                self._remove_item(table, folder=execution)

    def _remove_item(self, table: str, **key: str) -> dict[str, Any]:
        answer = self._dynamodb.delete_item(
            TableName=table,
            Key={name: {"S": value} for name, value in key.items()},
            ReturnValues="ALL_OLD",
        )
        item: dict[str, Any] = answer.get("Attributes", {})
        self.removed += bool(item)
        return item


def row_keys(dynamodb: Any, vault: Vault, set_id: str) -> set[str]:
    """Return the object keys of a dataset's rows."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=vault.upload_event_table_name,
        KeyConditionExpression="setId = :set",
        ExpressionAttributeValues={":set": {"S": set_id}},
        ConsistentRead=True,
    )
    return {item["objectKey"]["S"] for page in pages for item in page["Items"]}
