"""Collect the records of one key: manifest, table, S3, dead letters and the gateway's health log.

Import this module only after the AWS is chosen, like :mod:`operations.set_reading`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import boto3
from botocore.exceptions import ClientError

from handlers.core.ignored_names import IgnoredNames
from handlers.core.naming import SetFolder
from operations.dead_letter import DeadLetter
from operations.dead_letter_queues import Reading, queues_of
from operations.errors import NoManifestError
from operations.executions import Executions, outcome
from operations.key_evidence import Evidence, Version
from operations.set_reading import open_set
from operations.vault import Vault

MOST_LETTERS = 1_000
HEALTH_DAYS = 14


@dataclass(frozen=True, slots=True)
class Listed:
    """The manifest's information on a key."""

    has_manifest: bool = False
    listed: bool = False
    size_bytes: int | None = None
    since: int = 0


def gather(
    vault: Vault,
    set_id: str,
    key: str,
    *,
    share_prefix: str,
    search_dead_letters: bool,
    local: bool,
    held_back: Collection[str],
    on_hop: Callable[[], None],
) -> Evidence:
    """Read the information of every hop on *key*, a full S3 key without a folder's slash."""
    listed = _listed(vault, set_id, key, share_prefix)
    on_hop()
    row = boto3.client("dynamodb").get_item(
        TableName=vault.upload_event_table_name,
        Key={"setId": {"S": set_id}, "objectKey": {"S": key}},
    )
    item: Any = row.get("Item", {})
    alive = bool(item) and int(item["expiresAt"]["N"]) > time.time()
    on_hop()
    versions = _versions(vault.file_upload_bucket_name, key)
    on_hop()
    found = Evidence(
        set_id=set_id,
        key=key,
        manifest_key=vault.manifest_key(set_id, share_prefix=share_prefix),
        bucket=vault.file_upload_bucket_name,
        reports_bucket=vault.reports_bucket_name,
        region=vault.region,
        local=local,
        held_back=held_back,
        has_manifest=listed.has_manifest,
        ignored_by=_ignored_by(vault, key, vault.folder(set_id, share_prefix=share_prefix)),
        listed=listed.listed,
        listed_bytes=listed.size_bytes,
        since=listed.since,
        row_time=int(item["eventTime"]["N"]) if alive else None,
        row_bytes=int(item["objectSize"]["N"]) if alive else None,
        versions=versions,
        dead_letters=None,
        health=_health(vault, key),
        gateway_arn=None if local else _gateway_arn(vault),
    )
    on_hop()
    if alive or found.delete_marker or found.is_manifest or key in held_back:
        found = replace(found, outcome=_outcome(vault, set_id, share_prefix))
    if search_dead_letters and found.is_complete:
        found = replace(found, dead_letters=list(_letters(vault, key)))
    on_hop()
    return found


def _listed(vault: Vault, set_id: str, key: str, share_prefix: str) -> Listed:
    try:
        with open_set(vault, set_id, share_prefix=share_prefix) as found:
            since = found.listing.since
            for name, size, _ in found.entries():
                if name == key:
                    return Listed(True, True, size, since)
                if name > key:
                    break
            return Listed(True, False, None, since)
    except NoManifestError:
        return Listed()


def _ignored_by(vault: Vault, key: str, folder: str) -> str | None:
    """Return the first pattern of ``ignoreUnexpectedNames`` that matches *key*."""
    set_folder = SetFolder.of_manifest(folder)
    patterns = vault.ignore_unexpected_names
    return next((each for each in patterns if IgnoredNames([each], set_folder)(key)), None)


def _versions(bucket: str, key: str) -> list[Version]:
    """Return the versions of an object or, if there is none, of the folder's object."""
    pages = boto3.client("s3").get_paginator("list_object_versions")
    found: list[Version] = []
    for name in (key, f"{key}/"):
        for page in pages.paginate(
            Bucket=bucket, Prefix=name, PaginationConfig={"MaxItems": 1_000}
        ):
            everything: Any = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            found += [
                Version(
                    version_id=each["VersionId"],
                    modified=int(each["LastModified"].timestamp()),
                    size_bytes=each.get("Size"),
                    newest=each["IsLatest"],
                )
                for each in everything
                if each["Key"] == name
            ]
        if found:
            break
    return sorted(found, key=lambda each: each.newest, reverse=True)


def _letters(vault: Vault, key: str) -> Iterator[DeadLetter]:
    """Yield the dead letters that contain *key*, in any JSON notation."""
    forms = {json.dumps(key), json.dumps(key, ensure_ascii=False)}
    forms |= {json.dumps(form)[1:-1] for form in forms}
    now_ms = int(time.time() * 1000)
    for queue in queues_of(vault):
        with Reading(queue, limit=MOST_LETTERS, before_ms=now_ms) as reading:
            for letter in reading:
                if any(form in letter.body for form in forms):
                    yield letter


def _outcome(vault: Vault, set_id: str, share_prefix: str) -> str | None:
    """Return the status of a set's last outcome; None before it, and while another attempt runs."""
    folder = vault.folder(set_id, share_prefix=share_prefix)
    newest = next(Executions(vault).of_set(set_id, folder), None)
    decided = None if newest is None else outcome(vault, newest)
    return decided["status"] if decided else None


def _health(vault: Vault, key: str) -> list[str]:
    """Return the gateway's health log lines that contain *key*; none without a gateway of this system."""
    name = key.rpartition("/")[2].replace("\\", "").replace('"', "")
    with suppress(ClientError):  # no such group, or no right to read it
        answer = boto3.client("logs").filter_log_events(
            logGroupName=vault.health_log_group,
            filterPattern=f'"{name}"',
            startTime=int((time.time() - HEALTH_DAYS * 86_400) * 1000),
            limit=20,
        )
        return [each["message"] for each in reversed(answer["events"])]
    return []


def _gateway_arn(vault: Vault) -> str | None:
    """Return the ARN of the gateway that the client activated, or None."""
    with suppress(ClientError):
        answer = boto3.client("ssm").get_parameters_by_path(Path=vault.gateway_parameters)
        for each in answer["Parameters"]:
            if each["Value"].startswith("arn:") and ":gateway/" in each["Value"]:
                return each["Value"]
    return None
