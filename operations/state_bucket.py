"""The present state of the bucket for Terraform's state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import boto3
from botocore.exceptions import ClientError, NoRegionError

from deployment.errors import CommandError

PARTS = {
    "aws_s3_bucket": "head_bucket",
    "aws_s3_bucket_versioning": "get_bucket_versioning",
    "aws_s3_bucket_server_side_encryption_configuration": "get_bucket_encryption",
    "aws_s3_bucket_public_access_block": "get_public_access_block",
    "aws_s3_bucket_lifecycle_configuration": "get_bucket_lifecycle_configuration",
    "aws_s3_bucket_policy": "get_bucket_policy",
}
"""Terraform's resource types for the bucket, and the calls that show whether each exists."""


class StateBucket:
    """A bucket of the caller's account; it need not exist."""

    def __init__(self, name: str, *, s3: Any, account_id: str) -> None:
        self.name = name
        self._s3 = s3
        self._account_id = account_id

    @classmethod
    def of_the_caller(cls, name: str) -> Self:
        """Return the bucket, with clients that use the caller's credentials."""
        # boto3-stubs only types clients of literal service names.
        session: Any = boto3.session.Session()
        if session.region_name is None:
            raise NoRegionError
        account_id: str = session.client("sts").get_caller_identity()["Account"]
        return cls(name, s3=session.client("s3"), account_id=account_id)

    def exists(self) -> bool:
        """Return whether the bucket exists.

        Raises:
            CommandError: It belongs to another account, or is in another region.
        """
        try:
            found = self._ask("head_bucket")
        except ClientError as error:
            if _status(error) != 403:
                raise
            raise CommandError(
                f"s3://{self.name} is not accessible with the credentials of account"
                f" {self._account_id} (403). Bucket names are global: if another account has it,"
                " set stacksAccountId, which becomes a part of the name, or stateBucketName; if it is"
                " this account's, the credentials lack s3:ListBucket on it."
            ) from error
        here = self._s3.meta.region_name
        if found is not None and (there := found.get("BucketRegion", here)) != here:
            raise CommandError(
                f"s3://{self.name} is in {there}, not in {here}:"
                f" set stacksRegion to {there}, or stateBucketName to another name."
            )
        return found is not None

    def parts(self) -> Iterator[str]:
        """Yield the Terraform type of each existing part, however it was created."""
        for type_, call in PARTS.items():
            found = self._ask(call)
            # If versioning was never set, the response has no status.
            if found is not None and (type_ != "aws_s3_bucket_versioning" or "Status" in found):
                yield type_

    def keys(self, ending: str) -> list[str]:
        """List the keys with this ending."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        found = (each["Key"] for page in pages for each in page.get("Contents", []))
        return [key for key in found if key.endswith(ending)]

    def _ask(self, call: str) -> Any:
        """Return the response, or None if the requested part does not exist."""
        try:
            return getattr(self._s3, call)(Bucket=self.name, ExpectedBucketOwner=self._account_id)
        except ClientError as error:
            if _status(error) != 404:
                raise
            return None


def _status(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]
