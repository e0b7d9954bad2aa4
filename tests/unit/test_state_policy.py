"""The state policy allows access to the states of one environment only."""

from __future__ import annotations

from operations.state_policy import state_policy
from stacks.settings import checked
from tests import shipped


def test_the_state_policy_is_exactly_this() -> None:
    """The actions are those in Terraform's manual for use_lockfile. A change here needs a security review."""
    settings = checked(
        {**shipped.DEFAULTS, "environmentName": "prod", "stacksAccountId": "123456789012"}
    )
    assert state_policy(settings) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "SeeWhetherThereIsAState",
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": ["arn:aws:s3:::vault-prod-terraform-state-123456789012"],
                "Condition": {"StringLike": {"s3:prefix": "prod/*"}},
            },
            {
                "Sid": "ReadAndWriteStates",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": ["arn:aws:s3:::vault-prod-terraform-state-123456789012/prod/*.tfstate"],
            },
            {
                "Sid": "TakeAndReleaseLocks",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                "Resource": [
                    "arn:aws:s3:::vault-prod-terraform-state-123456789012/prod/*.tfstate.tflock"
                ],
            },
        ],
    }


def test_the_policy_names_a_given_bucket_in_its_partition() -> None:
    """The rest of the policy is the same."""
    policy = state_policy(
        checked({**shipped.DEFAULTS, "stateBucketName": "our.states"}), partition="aws-cn"
    )
    resources = [resource for each in policy["Statement"] for resource in each["Resource"]]
    assert resources == [
        "arn:aws-cn:s3:::our.states",
        "arn:aws-cn:s3:::our.states/dev/*.tfstate",
        "arn:aws-cn:s3:::our.states/dev/*.tfstate.tflock",
    ]
