"""What every stack of the vault has: its provider, its tags, its remote state."""

from __future__ import annotations

from cdktf import S3Backend, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from constructs import Construct

from stacks.settings import Settings


class VaultStack(TerraformStack):
    """A stack whose state is in the environment's bucket, locked while it is changed."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(scope, id_)
        account_id = settings.stacks_account_id
        AwsProvider(
            self,
            "aws",
            region=settings.stacks_region,
            allowed_account_ids=[account_id] if account_id else None,
            default_tags=[
                AwsProviderDefaultTags(
                    tags={
                        "Application": "storage-gateway-vault",
                        "Environment": settings.environment_name,
                        "Stack": id_,
                    }
                )
            ],
        )
        backend = S3Backend(
            self,
            bucket=settings.state_bucket_name,
            key=settings.state_key(id_),
            region=settings.stacks_region,
            encrypt=True,
        )
        # Newer than CDKTF's bindings: https://developer.hashicorp.com/terraform/language/backend/s3
        backend.add_override("use_lockfile", True)
