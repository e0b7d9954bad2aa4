"""A network without a route to the internet: a VPC with three subnets in one Availability Zone."""

from __future__ import annotations

from collections.abc import Mapping

from cdktf import Fn, Op, Precondition, TerraformLocal, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_ec2_instance_type_offerings import (
    DataAwsEc2InstanceTypeOfferings,
    DataAwsEc2InstanceTypeOfferingsFilter,
)
from cdktf_cdktf_provider_aws.data_aws_vpc_endpoint_service import DataAwsVpcEndpointService
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_dhcp_options import VpcDhcpOptions
from cdktf_cdktf_provider_aws.vpc_dhcp_options_association import VpcDhcpOptionsAssociation
from constructs import Construct

from stacks.constructs.check_skips import skip_check

NETWORK = "192.168.0.0/16"
SUBNETS = {
    "client": "192.168.0.0/24",
    "gateway": "192.168.1.0/24",
    "endpoints": "192.168.2.0/24",
}
CLIENT_ADDRESS = "192.168.0.10"
GATEWAY_ADDRESS = "192.168.1.10"
TIME_SYNC = "169.254.169.123"
"""Amazon Time Sync Service: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/set-time.html"""


class PrivateNetwork(Construct):
    """A network whose instances reach only each other and the VPC's endpoints."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, instance_types: Mapping[str, str]
    ) -> None:
        """Define the network in a zone that offers all *instance_types*, a mapping by purpose."""
        super().__init__(scope, id_)
        self._name = name
        self.vpc_id = self._vpc()
        self._keep_time()
        # Without rules, so that no instance can use it by mistake.
        DefaultSecurityGroup(self, "default", vpc_id=self.vpc_id)
        routes = RouteTable(self, "routes", vpc_id=self.vpc_id, tags={"Name": name})
        self.route_table_id = routes.id
        zones = TerraformLocal(self, "zones", self._zones(instance_types))
        self.subnets = {
            purpose: self._subnet(purpose, block, zones, instance_types)
            for purpose, block in SUBNETS.items()
        }

    def _vpc(self) -> str:
        vpc = Vpc(
            self,
            "Resource",
            cidr_block=NETWORK,
            # Private DNS names of interface endpoints need both.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": self._name},
        )
        skip_check(
            vpc,
            "CKV2_AWS_11",
            "It has two instances and no route to the internet: flow logs would cost money and only"
            " repeat the rules of its security groups",
        )
        return vpc.id

    def _keep_time(self) -> None:
        """Set the time service: public ones are unreachable, and a wrong clock invalidates signatures."""
        options = VpcDhcpOptions(
            self,
            "dhcp",
            domain_name_servers=["AmazonProvidedDNS"],
            ntp_servers=[TIME_SYNC],
            tags={"Name": self._name},
        )
        VpcDhcpOptionsAssociation(
            self, "dhcp_association", vpc_id=self.vpc_id, dhcp_options_id=options.id
        )

    def _zones(self, instance_types: Mapping[str, str]) -> list[str]:
        """Return the zones that have every instance type and the endpoint of Storage Gateway."""
        offered = [
            DataAwsEc2InstanceTypeOfferings(
                self,
                f"{purpose}_offerings",
                location_type="availability-zone",
                filter=[
                    DataAwsEc2InstanceTypeOfferingsFilter(name="instance-type", values=[type_])
                ],
            ).locations
            for purpose, type_ in instance_types.items()
        ]
        service = DataAwsVpcEndpointService(
            self, "storagegateway", service="storagegateway", service_type="Interface"
        )
        return Fn.sort(Fn.setintersection(service.availability_zones, offered))

    def _subnet(
        self, purpose: str, block: str, zones: TerraformLocal, instance_types: Mapping[str, str]
    ) -> Subnet:
        types = " and ".join(sorted(set(instance_types.values())))
        subnet = Subnet(
            self,
            purpose,
            vpc_id=self.vpc_id,
            cidr_block=block,
            availability_zone=Fn.element(zones.as_list, 0),
            map_public_ip_on_launch=False,
            tags={"Name": f"{self._name}-{purpose}"},
            lifecycle=TerraformResourceLifecycle(
                # The first zone may change; an existing subnet keeps its zone.
                ignore_changes=["availability_zone"],
                precondition=[
                    Precondition(
                        condition=Op.gte(Fn.length_of(zones.as_list), 1),
                        error_message=(
                            f"No Availability Zone of the region offers {types} and the endpoint of"
                            " Storage Gateway: set gatewayInstanceType or clientInstanceType to a type"
                            " that it offers."
                        ),
                    )
                ],
            ),
        )
        RouteTableAssociation(
            self, f"{purpose}_routes", subnet_id=subnet.id, route_table_id=self.route_table_id
        )
        return subnet
