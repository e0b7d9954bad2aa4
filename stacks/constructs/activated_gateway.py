"""The gateway that the client has activated from inside the VPC and described in SSM."""

from __future__ import annotations

from cdktf import Fn, Postcondition, TerraformLocal, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_ssm_parameters_by_path import DataAwsSsmParametersByPath
from cdktf_cdktf_provider_aws.storagegateway_cache import StoragegatewayCache
from constructs import Construct

from stacks.constructs.arns import Arns

GONE = "gone"
"""The value of a missing parameter in a destroy, where a failed condition is only a warning."""


class ActivatedGateway(Construct):
    """The gateway's ARN and id, and its only disk as a cache."""

    def __init__(
        self, scope: Construct, id_: str, *, arns: Arns, environment: str, parameters: str
    ) -> None:
        """Read the parameters below *parameters*; if one is missing, Terraform stops with the remedy."""
        super().__init__(scope, id_)
        arn, disk = f"{parameters}/arn", f"{parameters}/cacheDiskId"
        found = DataAwsSsmParametersByPath(
            self,
            "parameters",
            path=parameters,
            lifecycle=TerraformResourceLifecycle(
                postcondition=[
                    Postcondition(
                        condition=f'${{length(setsubtract(["{arn}", "{disk}"], self.names)) == 0}}',
                        error_message=(
                            f"The gateway of environment {environment} is not activated yet:"
                            f" {arn} and {disk} are not both in SSM. Deploy DataVaultingStack and"
                            " wait some minutes: its client activates the gateway when it boots."
                            " If it does not, open a session on the client and run"
                            " /opt/vault/scripts/activate-gateway.sh, which reports the cause."
                        ),
                    )
                ]
            ),
        )
        values = Fn.zipmap(found.names, Fn.nonsensitive(found.values))
        known = Fn.lookup(values, arn, arns.gateway(GONE))
        self.arn = TerraformLocal(self, "arn", known).as_string
        self.id = TerraformLocal(self, "id", Fn.element(Fn.split("/", self.arn), 1)).as_string
        self.cache = StoragegatewayCache(
            self,
            "cache",
            gateway_arn=self.arn,
            disk_id=Fn.lookup(values, disk, GONE),
            # Another value of the parameter must not replace the cache, because a cache cannot be
            # removed:
            # https://github.com/hashicorp/terraform-provider-aws/issues/17809
            # docs/file-share.md covers a disk that DescribeCache reports under another name.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["disk_id"]),
        )
