"""The gateway as its client tells of it in SSM, once it has activated it from inside the VPC."""

from __future__ import annotations

from cdktf import Fn, Postcondition, TerraformLocal, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_ssm_parameters_by_path import DataAwsSsmParametersByPath
from cdktf_cdktf_provider_aws.storagegateway_cache import StoragegatewayCache
from constructs import Construct

from stacks.constructs.arns import Arns

GONE = "gone"
"""Seen only where the stack is destroyed after its gateway, when conditions do no more than warn."""


class ActivatedGateway(Construct):
    """Its ARN and id, and its one disk as a cache."""

    def __init__(
        self, scope: Construct, id_: str, *, arns: Arns, environment: str, parameters: str
    ) -> None:
        """Read what is below the path *parameters*; without it, Terraform stops and says why."""
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
                            " /opt/vault/scripts/activate-gateway.sh, which says what is wrong."
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
            # Another value of the parameter must not replace a cache, which nothing can take away:
            # https://github.com/hashicorp/terraform-provider-aws/issues/17809
            # If DescribeCache itself has another name for the disk, see docs/file-share.md.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["disk_id"]),
        )
