"""What of the state's bucket is there, and what is said if it cannot be had."""

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
    """Make a client in eu-west-1 that answers so; a number is the status of an error."""

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


def test_a_bucket_is_there_or_not() -> None:
    assert bucket(head_bucket={"BucketRegion": "eu-west-1"}).exists()
    assert bucket(head_bucket={}).exists()
    assert not bucket(head_bucket=404).exists()


def test_a_bucket_of_somebody_else_is_reported_with_the_remedy() -> None:
    """Names are global, and ExpectedBucketOwner makes S3 refuse one that we may only read."""
    with pytest.raises(
        CommandError, match=r"s3://ours .*403.* set stacksAccountId.*stateBucketName"
    ):
        bucket(head_bucket=403).exists()


def test_a_bucket_in_another_region_is_reported_with_the_remedy() -> None:
    """Terraform would fail at a redirect."""
    with pytest.raises(CommandError, match=r"is in us-east-1, and not in eu-west-1: set stacksReg"):
        bucket(head_bucket={"BucketRegion": "us-east-1"}).exists()


@pytest.mark.parametrize("status", [400, 500])
def test_any_other_error_stays_what_it_is(status: int) -> None:
    with pytest.raises(ClientError):
        bucket(head_bucket=status).exists()
    with pytest.raises(ClientError):
        list(bucket(get_bucket_policy=status).parts())


def test_only_the_parts_that_are_there_are_taken_over() -> None:
    """Terraform cannot import what is not there; versioning answers though it was never set."""
    by_hand = bucket(head_bucket={}, get_bucket_versioning={}, get_bucket_policy={"Policy": "{}"})
    assert set(by_hand.parts()) == {"aws_s3_bucket", "aws_s3_bucket_policy"}

    versioned = bucket(head_bucket={}, get_bucket_versioning={"Status": "Suspended"})
    assert set(versioned.parts()) == {"aws_s3_bucket", "aws_s3_bucket_versioning"}
