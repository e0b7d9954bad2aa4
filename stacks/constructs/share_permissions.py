"""The role in which a file gateway comes to the bucket of its share."""

from __future__ import annotations

from stacks.constructs.iam import Allow


def share_role_name(prefix: str) -> str:
    """Name the role in which the gateway comes to the bucket, for policies written before it."""
    return f"{prefix}-file-share"


def keep_files(bucket_arn: str) -> list[Allow]:
    """Return what a file share's role needs on its bucket, as AWS lists it.

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
