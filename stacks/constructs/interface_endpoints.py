"""How a network without a way out reaches AWS's services: an interface endpoint for each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.iam import Allow, by_anyone

MANAGEMENT = ("ssm", "ssmmessages", "ec2", "ec2messages")
"""https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html"""
SERVE_APPLIANCE = Allow(
    "ServeAppliance",
    ["storagegateway:*"],
    ["*"],
    without=["aws:PrincipalArn"],
)
"""What a gateway says of itself, under names like ``anon-cp``: perhaps in no principal's name.

AWS does not say whether it signs that, nor as what actions it counts; refused, it would never run. Whoever
signs has an ARN, so that principals of other accounts stay out. (Their account would not do: without a
principal it is *anonymous*.)
https://docs.aws.amazon.com/filegateway/latest/files3/gateway-private-link.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""
LOOK_AT_SELF = ("ec2:DescribeInstances", "ec2:DescribeTags", "ec2:DescribeVolumes")
"""What an SSM agent may ask EC2, if its role lets it."""


class InterfaceEndpoints(Construct):
    """Through them goes what *allow* allows, only for principals of this account, and the gateway."""

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
    ) -> None:
        """Define an endpoint for Storage Gateway, and those for the management of instances."""
        super().__init__(scope, id_)
        actions = [*chain.from_iterable(each.actions for each in allow), *LOOK_AT_SELF]

        def endpoint(service: str, group_id: str, *others: Allow, private_dns: bool) -> VpcEndpoint:
            used = Allow(
                "UseFromOwnAccount",
                [action for action in actions if action.startswith(f"{service}:")],
                ["*"],
                where={"aws:PrincipalAccount": arns.account_id},
            )
            policy = DataAwsIamPolicyDocument(
                self, f"{service}_policy", statement=[by_anyone(each) for each in (used, *others)]
            )
            return VpcEndpoint(
                self,
                service,
                vpc_id=vpc_id,
                service_name=f"com.amazonaws.{arns.region}.{service}",
                vpc_endpoint_type="Interface",
                subnet_ids=[subnet_id],
                security_group_ids=[group_id],
                private_dns_enabled=private_dns,
                policy=policy.json,
                tags={"Name": f"{name}-{service}"},
            )

        self.management = [
            endpoint(service, security_group_id, private_dns=True) for service in MANAGEMENT
        ]
        # A gateway is told the endpoint's own name when it is activated:
        # https://docs.aws.amazon.com/filegateway/latest/files3/gateway-private-link.html
        gateway = endpoint(
            "storagegateway", gateway_security_group_id, SERVE_APPLIANCE, private_dns=False
        )
        # The first name is the region's, the others are those of its zones.
        self.gateway_name: str = gateway.dns_entry.get(0).dns_name
