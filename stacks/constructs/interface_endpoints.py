"""Interface endpoints: access to AWS's services from a network without a route to the internet."""

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
"""Regions launched before 2024. Later regions have no ``ec2messages``; their agents use ``ssmmessages``.

The list is final. Terraform's data source cannot replace it, because it fails for a missing service.
https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
"""
SERVE_APPLIANCE = Allow(
    "ServeAppliance",
    ["storagegateway:*"],
    ["*"],
    without=["aws:PrincipalArn"],
)
"""Allow the appliance's own calls, which go to names like ``anon-cp`` and may have no principal.

AWS documents neither whether these calls are signed nor which actions they use; a gateway whose
calls are refused never runs. Signed requests have a principal's ARN, so principals of other
accounts are refused. (A condition on the account would not help: without a principal, it is
*anonymous*.)
https://docs.aws.amazon.com/filegateway/latest/files3/gateway-private-link.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""
DESCRIBE_INSTANCE = ("ec2:DescribeInstances", "ec2:DescribeTags", "ec2:DescribeVolumes")
"""Requests to EC2 that an SSM agent sends if its role allows them."""


class InterfaceEndpoints(Construct):
    """Endpoints that accept the actions in *allow* from this account, and the gateway's own calls."""

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
        """Define endpoints for Storage Gateway and for the management of instances.

        If *s3_allow* is not empty, define one for S3, too, for a file share that uses it.
        """
        super().__init__(scope, id_)
        self._name, self._arns = name, arns
        self._vpc_id, self._subnet_id = vpc_id, subnet_id
        self._actions = [*chain.from_iterable(each.actions for each in allow), *DESCRIBE_INSTANCE]
        self.management = [
            self._endpoint(service, security_group_id, self._used(service), private_dns=True)
            for service in MANAGEMENT
        ]
        # The activation uses this endpoint's own DNS name:
        # https://docs.aws.amazon.com/filegateway/latest/files3/gateway-private-link.html
        gateway = self._endpoint(
            "storagegateway",
            gateway_security_group_id,
            [*self._used("storagegateway"), SERVE_APPLIANCE],
            private_dns=False,
        )
        # The first name is regional, the others are zonal.
        self.gateway_name: str = gateway.dns_entry.get(0).dns_name
        self.s3_name: str | None = None
        if s3_allow:
            s3 = self._endpoint("s3", security_group_id, s3_allow, private_dns=False)
            # S3's name begins with "*.", which a file share does not accept.
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
        """Return the endpoint's policy, or null if AWS accepts none for the service: creation would fail.

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
        # The splat works for a single service and for a list with a count.
        supported = f"alltrue({_address(found)}[*].vpc_endpoint_policy_supported)"
        return f"${{{supported} ? {_address(document)}.json : null}}"

    def _count(self, service: str) -> TerraformCount | None:
        if service != "ec2messages":
            return None
        exists = Fn.contains(WITH_EC2_MESSAGES, self._arns.region)
        return TerraformCount.of(Token.as_number(Fn.conditional(exists, 1, 0)))


def _address(data: TerraformDataSource) -> str:
    return f"data.{data.terraform_resource_type}.{data.friendly_unique_id}"
