"""Checks in AWS, before a destroy, for losses that its plan does not show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployment.errors import CommandError

Client = Callable[[str], Any]
"""Return a boto3 client of a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguards:
    """The checks of one environment, by stack."""

    environment: str
    client: Client

    def check(self, stack: str, plan: Mapping[str, Any]) -> None:
        """Raise CommandError if *stack* cannot be destroyed safely; *plan* is the JSON of its destroy."""
        problems = [*CHECKS.get(stack, nothing)(self, plan), *_full_buckets(self, stack, plan)]
        if problems:
            raise CommandError("\n".join([f"{stack} is not destroyed:", *problems]))


def nothing(safeguards: Safeguards, plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield no problems."""
    yield from ()


def _unsent_files(safeguards: Safeguards, plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield the gateways whose cache contains files that are not in S3 yet."""
    gateways = safeguards.client("storagegateway")
    for share in _destroyed(plan, "aws_storagegateway_nfs_file_share"):
        dirty = gateways.describe_cache(GatewayARN=share["gateway_arn"]).get("CacheDirtyPercentage")
        if dirty:
            yield (
                f"The gateway {share['gateway_arn']} has not uploaded {dirty} % of its cache yet."
                " Destroying its share loses this data: wait until CachePercentDirty is 0."
            )


def _active_gateway(safeguards: Safeguards, plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield the gateway that would stay in the account after its instance is destroyed."""
    name = f"vault-{safeguards.environment}"
    pages = safeguards.client("storagegateway").get_paginator("list_gateways").paginate()
    for page in pages:
        for gateway in page["Gateways"]:
            if gateway.get("GatewayName") == name and _destroyed(plan, "aws_instance"):
                arn, parameters = gateway["GatewayARN"], f"/{safeguards.environment}/fileGateway"
                yield (
                    f"The gateway {arn} is still activated, and would stay in the account without"
                    " its instance. On the client, run /opt/vault/scripts/deactivate-gateway.sh --yes"
                    " first. If the client does not work, run"
                    f" aws storagegateway delete-gateway --gateway-arn {arn}; aws ssm"
                    f" delete-parameters --names {parameters}/arn {parameters}/cacheDiskId"
                )


def _full_buckets(safeguards: Safeguards, stack: str, plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield the buckets with objects and without force_destroy: Terraform would fail midway."""
    s3 = safeguards.client("s3")
    for bucket in _destroyed(plan, "aws_s3_bucket"):
        if bucket.get("force_destroy"):
            continue
        versions = s3.list_object_versions(Bucket=bucket["bucket"], MaxKeys=1)
        if versions.get("Versions") or versions.get("DeleteMarkers"):
            yield (
                f"s3://{bucket['bucket']} is not empty, and Terraform does not empty it: the destroy"
                f" would fail midway. Deploy {stack} with deleteDataWithStacks true and"
                " preventDestroy false first, then destroy it. Emptying the bucket is not enough,"
                " because the tables are protected too."
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
