"""A network without a way out: a VPC, three subnets in one Availability Zone, no route but to S3."""

from __future__ import annotations

from cdktf import Fn, TerraformResourceLifecycle
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
from constructs import Construct

from stacks.constructs.check_skips import skip_check
from stacks.constructs.private_instance import INSTANCE_TYPE

NETWORK = "192.168.0.0/16"
SUBNETS = {
    "client": "192.168.0.0/24",
    "gateway": "192.168.1.0/24",
    "endpoints": "192.168.2.0/24",
}
CLIENT_ADDRESS = "192.168.0.10"
GATEWAY_ADDRESS = "192.168.1.10"


class PrivateNetwork(Construct):
    """What is in it reaches nothing but its neighbours and the VPC's endpoints."""

    def __init__(self, scope: Construct, id_: str, *, name: str) -> None:
        super().__init__(scope, id_)
        vpc = Vpc(
            self,
            "Resource",
            cidr_block=NETWORK,
            # Private names of interface endpoints need both.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": name},
        )
        skip_check(
            vpc,
            "CKV2_AWS_11",
            "There are two machines in it and no way out: flow logs would tell what the rules of its"
            " security groups say already, for the price of their delivery",
        )
        self.vpc_id = vpc.id
        # Without rules: nobody uses it, and nobody can by mistake.
        DefaultSecurityGroup(self, "default", vpc_id=vpc.id)
        routes = RouteTable(self, "routes", vpc_id=vpc.id, tags={"Name": name})
        self.route_table_id = routes.id
        # Neither the machines nor the gateway's endpoint are to be had in every zone.
        offerings = DataAwsEc2InstanceTypeOfferings(
            self,
            "offerings",
            location_type="availability-zone",
            filter=[
                DataAwsEc2InstanceTypeOfferingsFilter(name="instance-type", values=[INSTANCE_TYPE])
            ],
        )
        service = DataAwsVpcEndpointService(
            self, "storagegateway", service="storagegateway", service_type="Interface"
        )
        zones = Fn.setintersection(offerings.locations, [service.availability_zones])
        self.subnets: dict[str, Subnet] = {}
        for purpose, block in SUBNETS.items():
            subnet = Subnet(
                self,
                purpose,
                vpc_id=vpc.id,
                cidr_block=block,
                availability_zone=Fn.element(Fn.sort(zones), 0),
                map_public_ip_on_launch=False,
                tags={"Name": f"{name}-{purpose}"},
                # The first zone of tomorrow may be another one: what is there stays where it is.
                lifecycle=TerraformResourceLifecycle(ignore_changes=["availability_zone"]),
            )
            RouteTableAssociation(
                self, f"{purpose}_routes", subnet_id=subnet.id, route_table_id=routes.id
            )
            self.subnets[purpose] = subnet
