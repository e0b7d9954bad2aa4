"""The least-privilege IAM policy that a deployer needs on the state bucket.

https://developer.hashicorp.com/terraform/language/backend/s3#s3-bucket-permissions
"""

from __future__ import annotations

from typing import Any

from stacks.settings import Settings

ANY_STACK = "*"


def state_policy(settings: Settings, *, partition: str = "aws") -> dict[str, Any]:
    """Return the IAM policy: access to this environment's states only, and no deletion of a state."""
    bucket = f"arn:{partition}:s3:::{settings.state_bucket_name}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "SeeWhetherThereIsAState",
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [bucket],
                "Condition": {"StringLike": {"s3:prefix": f"{settings.environment_name}/*"}},
            },
            {
                "Sid": "ReadAndWriteStates",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": [f"{bucket}/{settings.state_key(ANY_STACK)}"],
            },
            {
                "Sid": "TakeAndReleaseLocks",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                "Resource": [f"{bucket}/{settings.lock_key(ANY_STACK)}"],
            },
        ],
    }
