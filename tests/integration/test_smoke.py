"""The smoke test on a deployed system, with the rights that ``sgvault policy --smoke`` prints."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from local.deployed_system import DeployedSystem
from tests.integration.driver import SGVAULT, user


@pytest.fixture
def rights(system: DeployedSystem) -> Iterator[dict[str, str]]:
    """The environment of a user with those rights and no others."""
    with user(system, "smoke-tester", "--smoke") as environ:
        yield environ


def left(system: DeployedSystem) -> dict[str, Any]:
    """Return the contents of the system's stores that belong to a smoke test."""
    s3, dynamodb = system.client("s3"), system.client("dynamodb")
    ours = f"vault-{system.environment}-"
    found: dict[str, Any] = {}
    for table in dynamodb.list_tables()["TableNames"]:
        pages = dynamodb.get_paginator("scan").paginate(TableName=table)
        items = [item for page in pages for item in page["Items"]]
        found[table] = [each for each in items if "smoke-" in str(each)]
    for bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        if bucket.startswith(ours):
            listed = s3.list_object_versions(Bucket=bucket, Prefix="smoke-")
            found[bucket] = listed.get("Versions", []) + listed.get("DeleteMarkers", [])
    assert len(found) >= 5
    return {name: items for name, items in found.items() if items}


def test_both_datasets_end_as_they_must_and_nothing_of_them_is_left(
    system: DeployedSystem, rights: dict[str, str]
) -> None:
    ran = subprocess.run(
        [SGVAULT, "smoke", "--json"], env=rights, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    shown = json.loads(ran.stdout)
    assert (shown["passed"], shown["left"]) == (True, [])
    assert [each["hop"] for each in shown["hops"]] == [
        "rule",
        *("S3 write", "queue", "rows recorded", "execution started", "outcome") * 2,
    ]
    assert shown["hops"][5]["seen"].startswith("Successful")
    assert shown["hops"][10]["seen"].startswith("Timed out")
    assert shown["removed"] > 40
    assert left(system) == {}
