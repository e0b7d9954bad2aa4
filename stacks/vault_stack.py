"""The parts of every stack: provider, tags, remote state."""

from __future__ import annotations

from cdktf import DataTerraformRemoteStateS3, S3Backend, TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from constructs import Construct

from stacks.settings import Settings
from stacks.version import VERSION

APPLICATION = "storage-gateway-vault"
"""The tag ``Application`` of every resource."""


class VaultStack(TerraformStack):
    """A stack with its state in the environment's bucket, and a lock on the state."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(scope, id_)
        account_id = settings.stacks_account_id
        self._settings = settings
        self._states: dict[str, DataTerraformRemoteStateS3] = {}
        AwsProvider(
            self,
            "aws",
            region=settings.stacks_region,
            allowed_account_ids=[account_id] if account_id else None,
            default_tags=[
                AwsProviderDefaultTags(tags={**settings.tags, **self.own_tags, "Stack": id_})
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
        TerraformOutput(self, "version", value=VERSION)

    @property
    def own_tags(self) -> dict[str, str]:
        """The tags that identify all resources of this environment."""
        return {"Application": APPLICATION, "Environment": self._settings.environment_name}

    def output_of(self, stack: str, output: str) -> str:
        """Return an output of another stack of the environment, read from its state.

        CDKTF's own references do the same, but prevent ``cdktf deploy`` of a single stack.
        """
        state = self._states.get(stack) or DataTerraformRemoteStateS3(
            self,
            stack,
            bucket=self._settings.state_bucket_name,
            key=self._settings.state_key(stack),
            region=self._settings.stacks_region,
        )
        self._states[stack] = state
        value: str = state.get_string(output)
        return value
