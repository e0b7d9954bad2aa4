"""The role that a file gateway assumes to read and write the bucket of its share."""

from __future__ import annotations

from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.iam import Allow, ServiceRole


def share_role_name(prefix: str) -> str:
    """Return the role's name, which endpoint policies and FileShareStack use."""
    return f"{prefix}-share"


def keep_files(bucket_arn: str) -> list[Allow]:
    """Return the permissions that AWS lists for the role of a file share on its bucket.

    https://docs.aws.amazon.com/filegateway/latest/files3/grant-access-s3.html
    """
    return [
        Allow(
            "FindFiles",
            [
                "s3:GetAccelerateConfiguration",
                "s3:GetBucketLocation",
                "s3:GetBucketVersioning",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
            ],
            [bucket_arn],
        ),
        Allow(
            "KeepFiles",
            [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:GetObject",
                "s3:GetObjectAcl",
                "s3:GetObjectVersion",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
                "s3:PutObjectAcl",
            ],
            [f"{bucket_arn}/*"],
        ),
    ]


class ShareRole(Construct):
    """The role. It is created well before the share: a new role cannot be assumed for some seconds.

    A share becomes UNAVAILABLE if its role cannot be assumed when the share is created. The gateway
    has no ARN before its activation, so any gateway of this account and region may assume the role.
    https://docs.aws.amazon.com/filegateway/latest/files3/cross-service-confused-deputy-prevention.html
    """

    def __init__(
        self, scope: Construct, id_: str, *, prefix: str, arns: Arns, bucket_arn: str
    ) -> None:
        super().__init__(scope, id_)
        ServiceRole(
            self,
            "Resource",
            name=share_role_name(prefix),
            service="storagegateway.amazonaws.com",
            source_arn=arns.gateway("*"),
            source_account=arns.account_id,
            allow=keep_files(bucket_arn),
        )
