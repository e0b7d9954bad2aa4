"""A bucket for data: private, encrypted, versioned, accessible over TLS only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementCondition,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import (
    S3BucketVersioningA,
    S3BucketVersioningVersioningConfiguration,
)
from constructs import Construct

from stacks.constructs.check_skips import skip_checks
from stacks.constructs.protection import protected

ABORT_UPLOADS_AFTER_DAYS = 7
NOTHING: Mapping[str, int] = MappingProxyType({})
SKIPPED = {
    "CKV_AWS_18": "CloudTrail's data events record every read reliably; access logs are best effort"
    " and need one more bucket",
    "CKV_AWS_144": "Replaced and deleted objects can be restored; a copy in another region would"
    " double the cost of data that still exists on site or can be made again",
    "CKV_AWS_145": "S3 encrypts it with its own key; a customer managed key costs a dollar a month"
    " and a request for each object, and stops nobody whom IAM allows",
    "CKV2_AWS_62": "S3's own notifications are not used: the gateway announces an upload when it is"
    " complete",
}


class PrivateBucket(Construct):
    """A bucket that keeps replaced versions for some time, and removes parts of aborted uploads."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str | None = None,
        name_prefix: str | None = None,
        old_versions_days: int,
        old_versions_kept: int | None = None,
        objects_days: int | None = None,
        short_lived_days: Mapping[str, int] = NOTHING,
        deletable: bool,
        prevent_destroy: bool = False,
    ) -> None:
        """Define the bucket; if *deletable*, its objects are deleted with the stack.

        The bucket's name is *name*, or begins with *name_prefix*. Objects never expire unless
        *objects_days* is given or their key begins with a key of *short_lived_days*. The newest
        *old_versions_kept* replaced versions of an object never expire, either.
        """
        super().__init__(scope, id_)
        bucket = S3Bucket(
            self,
            "Resource",
            bucket=name,
            bucket_prefix=f"{name_prefix}-" if name_prefix else None,
            force_destroy=deletable,
            lifecycle=protected(prevent_destroy),
        )
        skip_checks(bucket, SKIPPED)
        self.name = bucket.bucket
        self.arn = bucket.arn
        self._close(bucket)
        versioning = S3BucketVersioningA(
            self,
            "versioning",
            bucket=bucket.id,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        S3BucketLifecycleConfiguration(
            self,
            "lifecycle",
            bucket=bucket.id,
            rule=[
                _rule(
                    "clean-up",
                    objects_days=objects_days,
                    old_versions_days=old_versions_days,
                    old_versions_kept=old_versions_kept,
                ),
                *(
                    _rule(f"expire {prefix}", prefix, objects_days=days, old_versions_days=days)
                    for prefix, days in short_lived_days.items()
                ),
            ],
            depends_on=[versioning],
        )

    def _close(self, bucket: S3Bucket) -> None:
        """Encrypt the objects, block public access, and deny requests without TLS."""
        public_access_block = S3BucketPublicAccessBlock(
            self,
            "public_access_block",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        S3BucketServerSideEncryptionConfigurationA(
            self,
            "encryption",
            bucket=bucket.id,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                        sse_algorithm="AES256"
                    )
                )
            ],
        )
        S3BucketPolicy(
            self,
            "policy",
            bucket=bucket.id,
            policy=self._tls_only().json,
            # S3 refuses two simultaneous changes of a bucket's access.
            depends_on=[public_access_block],
        )

    def _tls_only(self) -> DataAwsIamPolicyDocument:
        return DataAwsIamPolicyDocument(
            self,
            "tls_only",
            statement=[
                DataAwsIamPolicyDocumentStatement(
                    sid="RefuseWithoutTls",
                    effect="Deny",
                    actions=["s3:*"],
                    resources=[self.arn, f"{self.arn}/*"],
                    principals=[
                        DataAwsIamPolicyDocumentStatementPrincipals(type="*", identifiers=["*"])
                    ],
                    condition=[
                        DataAwsIamPolicyDocumentStatementCondition(
                            test="Bool", variable="aws:SecureTransport", values=["false"]
                        )
                    ],
                )
            ],
        )


def _rule(
    id_: str,
    prefix: str = "",
    *,
    objects_days: int | None,
    old_versions_days: int,
    old_versions_kept: int | None = None,
) -> S3BucketLifecycleConfigurationRule:
    """Return a lifecycle rule. If two rules match an object, S3 applies the earlier expiry.

    With *objects_days*, the delete marker of a deleted object expires as well.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-conflicts.html
    """
    return S3BucketLifecycleConfigurationRule(
        id=id_,
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix=prefix)],
        abort_incomplete_multipart_upload=[
            S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                days_after_initiation=ABORT_UPLOADS_AFTER_DAYS
            )
        ],
        expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=objects_days)]
        if objects_days
        else None,
        noncurrent_version_expiration=[
            S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                noncurrent_days=old_versions_days, newer_noncurrent_versions=old_versions_kept
            )
        ],
    )
