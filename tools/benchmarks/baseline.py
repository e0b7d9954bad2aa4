"""A plain reconciliation for comparison: it keeps everything in memory.

In every iteration it reads all rows and the whole manifest, and lists all objects to verify sizes.
It uses the client's own paginators, and then sorts and compares.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable

import boto3

from tools.benchmarks.synthetic_set import BUCKET, FOLDER, MANIFEST_KEY, SET_ID, Form

dynamodb = boto3.client("dynamodb")
s3 = boto3.client("s3")


class Baseline:
    """Compares the whole dataset in every iteration."""

    invocations = 0

    def __init__(self, form: Form) -> None:
        self._rich = form is Form.RICH

    def check(self, iteration: int) -> bool:
        """Return whether exactly the listed files have arrived."""
        self.invocations += 1
        manifest = s3.get_object(Bucket=BUCKET, Key=MANIFEST_KEY)["Body"].read().decode()
        lines = manifest.splitlines()
        if not self._rich:
            return agree(lines, announced_keys())
        sizes = {}
        for line in lines[1:]:
            size, _, key = line.partition(" ")
            sizes[key] = int(size)
        if not agree(list(sizes), announced_keys()):
            return False
        objects = object_sizes()
        return all(objects.get(key) == size for key, size in sizes.items())


def announced_keys() -> list[str]:
    """Return the keys of all rows of the set that have not expired, except the manifest's."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName="upload-events",
        KeyConditionExpression="setId = :set AND begins_with(objectKey, :folder)",
        FilterExpression="expiresAt > :now",
        ProjectionExpression="objectKey",
        ExpressionAttributeValues={
            ":set": {"S": SET_ID},
            ":folder": {"S": f"{FOLDER}/"},
            ":now": {"N": str(int(time.time()))},
        },
    )
    keys = [item["objectKey"]["S"] for page in pages for item in page["Items"]]
    return [key for key in keys if key != MANIFEST_KEY]


def object_sizes() -> dict[str, int]:
    """Return the size of each object in the set's folder."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{FOLDER}/")
    return {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", [])}


def agree(listed: list[str], announced: list[str]) -> bool:
    """Return whether the same keys are listed and announced, except folders of listed files."""
    listed.sort()
    announced.sort()
    if listed == announced:
        return True
    beyond = set(announced)
    if not beyond.issuperset(listed):
        return False
    return are_folders(beyond.difference(listed), listed)


def are_folders(keys: Iterable[str], listed: list[str]) -> bool:
    """Return whether each of *keys* is a folder of something listed."""
    for key in keys:
        at = bisect_left(listed, f"{key}/")
        if at == len(listed) or not listed[at].startswith(f"{key}/"):
            return False
    return True
