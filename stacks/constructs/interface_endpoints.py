"""Interface endpoints: how a network without a route to the internet reaches AWS's services."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from cdktf import Fn, TerraformCount, TerraformDataSource, Token
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument
from cdktf_cdktf_provider_aws.data_aws_vpc_endpoint_service import DataAwsVpcEndpointService
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.iam import Allow, by_anyone

MANAGEMENT = ("ssm", "ssmmessages", "ec2", "ec2messages")
"""https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html"""
BEFORE_2024 = """\
af-south-1 ap-east-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
ap-southeast-2 ap-southeast-3 ap-southeast-4 ca-central-1 ca-west-1 cn-north-1 cn-northwest-1
eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3
il-central-1 me-central-1 me-south-1 sa-east-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1
us-west-1 us-west-2
"""
WITH_EC2_MESSAGES = BEFORE_2024.split()
"""Regions launched before 2024. Later ones have no ``ec2messages``: there the agent uses ``ssmmessages``.

No data source can look for a service without failing where it is absent, and this list cannot grow.
https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
"""
SERVE_APPLIANCE = Allow(
    "ServeAppliance",
    ["storagegateway:*"],
    ["*"],
    without=["aws:PrincipalArn"],
)
"""The appliance's own calls, under names like ``anon-cp``: perhaps without a principal.

AWS does not document whether they are signed, nor which actions they are; a gateway whose calls are
refused never runs. Signed requests have a principal's ARN, so principals of other accounts are refused.
(Their account is no use here: without a principal it is *anonymous*.)
https://docs.aws.amazon.com/filegateway/latest/files3/gateway-private-link.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""
DESCRIBE_INSTANCE = ("ec2:DescribeInstances", "ec2:DescribeTags", "ec2:DescribeVolumes")
"""What an SSM agent requests of EC2, if its role allows it."""


class InterfaceEndpoints(Construct):
    """The endpoints accept the actions in *allow* from this account, and the gateway's own calls."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        arns: Arns,
        vpc_id: str,
        subnet_id: str,
        security_group_id: str,
        gateway_security_group_id: str,
        allow: Sequence[Allow],
        s3_allow: Sequence[Allow],
    ) -> None:
        """Define an endpoint of Storage Gateway, and those for the management of instances.

        With *s3_allow*, there is one of S3 as well, for a file share that names it.
        """
        super().__init__(scope, id_)
        self._name, self._arns = name, arns
        self._vpc_id, self._subnet_id = vpc_id, subnet_id
        self._actions = [*chain.from_iterable(each.actions for each in allow), *DESCRIBE_INSTANCE]
        self.management = [
            self._endpoint(service, security_group_id, self._used(service), private_dns=True)
            for service in MANAGEMENT
        ]
        # The activation names this endpoint by its own name:
        # https://docs.aws.amazon.com/filegateway/latest/files3/gateway-private-link.html
        gateway = self._endpoint(
            "storagegateway",
            gateway_security_group_id,
            [*self._used("storagegateway"), SERVE_APPLIANCE],
            private_dns=False,
        )
        # The first name is the region's, the others are those of its zones.
        self.gateway_name: str = gateway.dns_entry.get(0).dns_name
        self.s3_name: str | None = None
        if s3_allow:
            s3 = self._endpoint("s3", security_group_id, s3_allow, private_dns=False)
            # S3's name begins with "*.", which a file share does not take.
            self.s3_name = Fn.trimprefix(s3.dns_entry.get(0).dns_name, "*.")

    def _used(self, service: str) -> list[Allow]:
        return [
            Allow(
                "UseFromOwnAccount",
                [action for action in self._actions if action.startswith(f"{service}:")],
                ["*"],
                where={"aws:PrincipalAccount": self._arns.account_id},
            )
        ]

    def _endpoint(
        self, service: str, group_id: str, allow: Sequence[Allow], *, private_dns: bool
    ) -> VpcEndpoint:
        return VpcEndpoint(
            self,
            service,
            vpc_id=self._vpc_id,
            service_name=f"com.amazonaws.{self._arns.region}.{service}",
            vpc_endpoint_type="Interface",
            subnet_ids=[self._subnet_id],
            security_group_ids=[group_id],
            private_dns_enabled=private_dns,
            policy=self._policy(service, allow),
            count=self._count(service),
            tags={"Name": f"{self._name}-{service}"},
        )

    def _policy(self, service: str, allow: Sequence[Allow]) -> str:
        """Return the endpoint's policy, or null where AWS accepts none: creating it would fail.

        https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
        """
        document = DataAwsIamPolicyDocument(
            self, f"{service}_policy", statement=[by_anyone(each) for each in allow]
        )
        found = DataAwsVpcEndpointService(
            self,
            f"{service}_service",
            service=service,
            service_type="Interface",
            count=self._count(service),
        )
        # The splat fits one service, and the list of those that are counted.
        supported = f"alltrue({_address(found)}[*].vpc_endpoint_policy_supported)"
        return f"${{{supported} ? {_address(document)}.json : null}}"

    def _count(self, service: str) -> TerraformCount | None:
        if service != "ec2messages":
            return None
        exists = Fn.contains(WITH_EC2_MESSAGES, self._arns.region)
        return TerraformCount.of(Token.as_number(Fn.conditional(exists, 1, 0)))


def _address(data: TerraformDataSource) -> str:
    return f"data.{data.terraform_resource_type}.{data.friendly_unique_id}"
