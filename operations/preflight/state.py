"""Checks of the bucket for Terraform's state."""

from __future__ import annotations

from botocore.exceptions import ClientError

from operations.preflight.check import Account, Finding, green, not_answered, red

MISSING = (404,)
STACK = "Preflight"
LOCAL = "a local system keeps its state in files"


def bucket(account: Account) -> Finding:
    """Check that the bucket exists, belongs to the account and is versioned."""
    s3, name = account.client("s3"), account.settings.state_bucket_name
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status in MISSING:
            if account.is_local:
                return not_answered(f"no s3://{name}: {LOCAL}")
            return red(f"s3://{name} does not exist", _bootstrap(account))
        return red(
            f"s3://{name}: status {status}",
            "It belongs to another account or region, or the credentials lack s3:ListBucket:"
            " set stacksAccountId or stateBucketName, or use other credentials.",
        )
    if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
        return red(f"s3://{name} is not versioned", _bootstrap(account))
    return green(f"s3://{name}, versioned")


def lock(account: Account) -> Finding:
    """Check that Terraform's lock can be written, and remove it; this is the only write."""
    if not account.take_lock:
        return not_answered("No lock object is written: --no-lock was given (LOCK=no with make).")
    s3, name = account.client("s3"), account.settings.state_bucket_name
    key = account.settings.lock_key(STACK)
    try:
        s3.put_object(Bucket=name, Key=key, Body=b"preflight", IfNoneMatch="*")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchBucket", "404"):
            if account.is_local:
                return not_answered(f"There is no state bucket: {LOCAL}.")
            return not_answered("There is no state bucket yet.", _bootstrap(account))
        if code == "PreconditionFailed":
            return red(
                f"s3://{name}/{key} exists",
                "Another preflight is running, or was killed: delete it.",
            )
        return red(str(error), "Give the deployer the policy that 'make state-policy' prints.")
    s3.delete_object(Bucket=name, Key=key)
    return green(f"s3://{name}/{key} was written and removed")


def _bootstrap(account: Account) -> str:
    name = account.settings.environment_name
    return f"Run 'make bootstrap ENV={name}', which creates and configures the bucket."
