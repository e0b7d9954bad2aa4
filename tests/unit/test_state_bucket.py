"""Reading the state's bucket, and the errors if it is not accessible."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployment.errors import CommandError
from operations.state_bucket import PARTS, StateBucket

OWNER = "123456789012"


def s3(**answers: Any) -> Any:
    """Return a client in eu-west-1 with these responses; a number is the HTTP status of an error."""

    def call(name: str) -> Callable[..., Any]:
        def answer(**asked: Any) -> Any:
            assert asked == {"Bucket": "ours", "ExpectedBucketOwner": OWNER}
            given = answers.get(name, 404)
            if isinstance(given, int):
                error = {"Error": {}, "ResponseMetadata": {"HTTPStatusCode": given}}
                raise ClientError(error, name)  # type: ignore[arg-type]
            return given

        return answer

    meta = SimpleNamespace(region_name="eu-west-1")
    return SimpleNamespace(meta=meta, **{name: call(name) for name in PARTS.values()})


def bucket(**answers: Any) -> StateBucket:
    return StateBucket("ours", s3=s3(**answers), account_id=OWNER)


def test_the_existence_of_the_bucket_is_reported() -> None:
    assert bucket(head_bucket={"BucketRegion": "eu-west-1"}).exists()
    assert bucket(head_bucket={}).exists()
    assert not bucket(head_bucket=404).exists()


def test_a_bucket_of_somebody_else_is_reported_with_the_remedy() -> None:
    """Bucket names are global. With ExpectedBucketOwner, S3 refuses the bucket of another account."""
    with pytest.raises(
        CommandError, match=r"s3://ours .*403.* set stacksAccountId.*stateBucketName"
    ):
        bucket(head_bucket=403).exists()


def test_a_bucket_in_another_region_is_reported_with_the_remedy() -> None:
    """With the wrong region, Terraform would fail at a redirect."""
    with pytest.raises(CommandError, match=r"is in us-east-1, not in eu-west-1: set stacksReg"):
        bucket(head_bucket={"BucketRegion": "us-east-1"}).exists()


@pytest.mark.parametrize("status", [400, 500])
def test_other_errors_are_raised_unchanged(status: int) -> None:
    with pytest.raises(ClientError):
        bucket(head_bucket=status).exists()
    with pytest.raises(ClientError):
        list(bucket(get_bucket_policy=status).parts())


def test_only_existing_parts_are_imported() -> None:
    """Terraform cannot import a missing part. S3 returns a versioning status even if it was never set."""
    by_hand = bucket(head_bucket={}, get_bucket_versioning={}, get_bucket_policy={"Policy": "{}"})
    assert set(by_hand.parts()) == {"aws_s3_bucket", "aws_s3_bucket_policy"}

    versioned = bucket(head_bucket={}, get_bucket_versioning={"Status": "Suspended"})
    assert set(versioned.parts()) == {"aws_s3_bucket", "aws_s3_bucket_versioning"}
