"""What a destroy would lose without a word in its plan: looked up in AWS before anything is destroyed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployment.errors import CommandError

Client = Callable[[str], Any]
"""Makes a boto3 client of a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguards:
    """The checks of one environment, by stack."""

    environment: str
    client: Client

    def check(self, stack: str, plan: Mapping[str, Any]) -> None:
        """Raise CommandError if the destroy of *stack*, whose JSON is *plan*, is not safe yet."""
        problems = [*CHECKS.get(stack, nothing)(self, plan), *_full_buckets(self, plan)]
        if problems:
            raise CommandError("\n".join([f"{stack} is not destroyed:", *problems]))


def nothing(safeguards: Safeguards, plan: Mapping[str, Any]) -> Iterator[str]:
    """Find nothing."""
    yield from ()


def _unsent_files(safeguards: Safeguards, plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield the gateways whose cache holds files that are not in S3 yet."""
    gateways = safeguards.client("storagegateway")
    for share in _destroyed(plan, "aws_storagegateway_nfs_file_share"):
        dirty = gateways.describe_cache(GatewayARN=share["gateway_arn"]).get("CacheDirtyPercentage")
        if dirty:
            yield (
                f"The gateway {share['gateway_arn']} has not uploaded {dirty} % of its cache yet, and"
                " would lose it with its share: wait until CachePercentDirty is 0."
            )


def _active_gateway(safeguards: Safeguards, plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield the gateway that would stay in the account, without its machine."""
    name = f"vault-{safeguards.environment}"
    pages = safeguards.client("storagegateway").get_paginator("list_gateways").paginate()
    for page in pages:
        for gateway in page["Gateways"]:
            if gateway.get("GatewayName") == name and _destroyed(plan, "aws_instance"):
                yield (
                    f"The gateway {gateway['GatewayARN']} is still activated: its client alone can"
                    " delete it. Run /opt/vault/scripts/deactivate-gateway.sh --yes there first."
                )


def _full_buckets(safeguards: Safeguards, plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield the buckets that hold objects and may not be emptied: Terraform would fail midway."""
    s3 = safeguards.client("s3")
    for bucket in _destroyed(plan, "aws_s3_bucket"):
        if bucket.get("force_destroy"):
            continue
        versions = s3.list_object_versions(Bucket=bucket["bucket"], MaxKeys=1)
        if versions.get("Versions") or versions.get("DeleteMarkers"):
            yield (
                f"s3://{bucket['bucket']} is not empty, and Terraform does not empty it: after half of"
                " the stack was destroyed, it would fail. Empty it yourself, or set"
                " deleteDataWithStacks to true and deploy that first."
            )


def _destroyed(plan: Mapping[str, Any], type_: str) -> list[Mapping[str, Any]]:
    return [
        each["change"]["before"]
        for each in plan.get("resource_changes", [])
        if each["type"] == type_ and "delete" in each["change"]["actions"]
    ]


CHECKS: Mapping[str, Callable[[Safeguards, Mapping[str, Any]], Iterator[str]]] = {
    "FileShareStack": _unsent_files,
    "DataVaultingStack": _active_gateway,
}
