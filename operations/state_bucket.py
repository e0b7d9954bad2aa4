"""The bucket that holds Terraform's state, as it is in AWS now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import boto3
from botocore.exceptions import ClientError

from deployment.errors import CommandError

PARTS = {
    "aws_s3_bucket": "head_bucket",
    "aws_s3_bucket_versioning": "get_bucket_versioning",
    "aws_s3_bucket_server_side_encryption_configuration": "get_bucket_encryption",
    "aws_s3_bucket_public_access_block": "get_public_access_block",
    "aws_s3_bucket_lifecycle_configuration": "get_bucket_lifecycle_configuration",
    "aws_s3_bucket_policy": "get_bucket_policy",
}
"""What Terraform takes for a resource of its own, and the call that tells whether it is there."""


class StateBucket:
    """A bucket of the caller's account; it need not be there."""

    def __init__(self, name: str, *, s3: Any, account_id: str) -> None:
        self.name = name
        self._s3 = s3
        self._account_id = account_id

    @classmethod
    def of_the_caller(cls, name: str) -> Self:
        """Look at it with the caller's credentials."""
        # Typed as anything, for boto3-stubs types clients by literal names of services.
        session: Any = boto3.session.Session()
        account_id: str = session.client("sts").get_caller_identity()["Account"]
        return cls(name, s3=session.client("s3"), account_id=account_id)

    def exists(self) -> bool:
        """Tell whether it is there.

        Raises:
            CommandError: It is somebody else's, or in another region.
        """
        try:
            found = self._ask("head_bucket")
        except ClientError as error:
            if _status(error) != 403:
                raise
            raise CommandError(
                f"s3://{self.name} is not to be had with the credentials of account"
                f" {self._account_id} (403). Names of buckets are global: if it is another account's,"
                " set stacksAccountId, which becomes a part of the name, or stateBucketName; if it is"
                " yours, the credentials lack s3:ListBucket on it."
            ) from error
        here = self._s3.meta.region_name
        if found is not None and (there := found.get("BucketRegion", here)) != here:
            raise CommandError(
                f"s3://{self.name} is in {there}, and not in {here}:"
                f" set stacksRegion to {there}, or stateBucketName to another name."
            )
        return found is not None

    def parts(self) -> Iterator[str]:
        """Yield the Terraform type of each part that is there, made by whomever."""
        for type_, call in PARTS.items():
            found = self._ask(call)
            # Versioning that was never set is an answer without a status.
            if found is not None and (type_ != "aws_s3_bucket_versioning" or "Status" in found):
                yield type_

    def keys(self, ending: str) -> list[str]:
        """List the keys that end so."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        found = (each["Key"] for page in pages for each in page.get("Contents", []))
        return [key for key in found if key.endswith(ending)]

    def _ask(self, call: str) -> Any:
        """Return the answer, or None if there is no such thing."""
        try:
            return getattr(self._s3, call)(Bucket=self.name, ExpectedBucketOwner=self._account_id)
        except ClientError as error:
            if _status(error) != 404:
                raise
            return None


def _status(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]
