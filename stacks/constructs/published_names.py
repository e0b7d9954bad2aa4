"""The names that other stacks, the gateway's client and operators read."""

from __future__ import annotations

from collections.abc import Mapping

from cdktf import TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter

from stacks.constructs.check_skips import skip_check
from stacks.constructs.vault_parameter import VaultParameter
from stacks.settings import Settings


def publish_names(
    stack: TerraformStack,
    *,
    settings: Settings,
    bucket: str,
    outputs: Mapping[str, str],
    others: Mapping[str, str],
) -> None:
    """Publish *bucket* as a parameter, *outputs* as outputs, and *outputs* with *others* as a parameter.

    The second parameter is ``/<environmentName>/vault``, a JSON object.
    """
    parameter = SsmParameter(
        stack,
        "file_upload_bucket_name",
        name=f"/{settings.environment_name}/fileUploadBucketName",
        type="String",
        value=bucket,
    )
    skip_check(parameter, "CKV2_AWS_34", "A bucket's name is not secret: it is an output as well")
    for output, value in outputs.items():
        TerraformOutput(stack, output, value=value)
    VaultParameter(stack, "vault", settings=settings, names={**outputs, **others})
