"""The emulator's EC2 returns the values that Terraform has set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec, module_from_spec
from typing import Any

import pytest

from local.emulator.ec2_gaps import mend_ec2

LAUNCH = {
    "Action": "RunInstances",
    "ImageId": "ami-0aaaaaaaaaaaaaaa1",
    "MinCount": "1",
    "MaxCount": "1",
    "EbsOptimized": "true",
    "NetworkInterface.1.DeviceIndex": "0",
    "NetworkInterface.1.AssociatePublicIpAddress": "false",
    "NetworkInterface.1.SubnetId": "subnet-1",
    "NetworkInterface.1.PrivateIpAddress": "192.168.1.10",
    "NetworkInterface.1.SecurityGroupId.1": "sg-1",
    "MetadataOptions.HttpTokens": "required",
    "MetadataOptions.HttpEndpoint": "enabled",
    "MetadataOptions.HttpPutResponseHopLimit": "1",
    "BlockDeviceMapping.1.DeviceName": "/dev/xvda",
    "BlockDeviceMapping.1.Ebs.Encrypted": "true",
}
ENDPOINT = {
    "VpcId": "vpc-1",
    "ServiceName": "com.amazonaws.eu-west-1.ssm",
    "VpcEndpointType": "Interface",
    "PrivateDnsEnabled": "true",
    "PolicyDocument": '{"Statement": ["<&>"]}',
    "SubnetId.1": "subnet-1",
    "SecurityGroupId.1": "sg-1",
}


@pytest.fixture
def ec2() -> Any:
    """Return a patched copy of the emulator's EC2 module."""
    spec = find_spec("ministack.services.ec2")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    mend_ec2(module)
    return module


def asked(ec2: Any, action: str, parameters: Mapping[str, str]) -> str:
    """Return the XML of the response."""
    status, _, body = ec2._ACTION_MAP[action]({key: [value] for key, value in parameters.items()})
    text: str = body.decode()
    assert status == 200, text
    return text


def found(tag: str, xml: str) -> list[str]:
    """Return the texts of an element."""
    return re.findall(rf"<{tag}>([^<]*)</{tag}>", xml)


def test_an_instance_is_in_the_subnet_of_its_network_interface(ec2: Any) -> None:
    """It has no public address if the request excludes one."""
    asked(ec2, "RunInstances", LAUNCH)
    shown = asked(ec2, "DescribeInstances", {})
    assert found("subnetId", shown) == ["subnet-1"]
    assert found("privateIpAddress", shown) == ["192.168.1.10"]
    assert found("groupId", shown) == ["sg-1"]
    assert found("ipAddress", shown) == []


def test_an_instance_keeps_its_options(ec2: Any) -> None:
    """These are the options of the metadata service and of the disks."""
    asked(ec2, "RunInstances", LAUNCH)
    shown = asked(ec2, "DescribeInstances", {})
    assert found("httpTokens", shown) == ["required"]
    assert found("httpEndpoint", shown) == ["enabled"]
    assert found("httpPutResponseHopLimit", shown) == ["1"]
    assert found("httpProtocolIpv6", shown) == ["disabled"]
    assert found("ebsOptimized", shown) == ["true"]
    assert found("encrypted", asked(ec2, "DescribeVolumes", {})) == ["true"]


def test_an_instance_without_options_has_awss_defaults(ec2: Any) -> None:
    """It has a public address."""
    asked(ec2, "RunInstances", {"ImageId": "ami-1"})
    shown = asked(ec2, "DescribeInstances", {})
    assert len(found("ipAddress", shown)) == 1
    assert found("httpTokens", shown) == ["optional"]


def test_a_type_of_instance_is_offered_in_every_zone(ec2: Any) -> None:
    """Storage Gateway's endpoint is offered in all zones as well."""
    zones = found("zoneName", asked(ec2, "DescribeAvailabilityZones", {}))
    kind = {"Filter.1.Name": "instance-type", "Filter.1.Value.1": "c5.4xlarge"}
    shown = asked(ec2, "DescribeInstanceTypeOfferings", kind)
    assert found("location", shown) == zones
    assert set(found("instanceType", shown)) == {"c5.4xlarge"}
    service = {"ServiceName.1": "com.amazonaws.us-east-1.storagegateway"}
    shown = asked(ec2, "DescribeVpcEndpointServices", service)
    assert set(found("item", shown)) >= set(zones)


def test_an_interface_endpoint_keeps_its_parameters(ec2: Any) -> None:
    """It also has a DNS name, as on AWS."""
    asked(ec2, "CreateVpcEndpoint", ENDPOINT)
    shown = asked(ec2, "DescribeVpcEndpoints", {})
    (id_,) = found("vpcEndpointId", shown)
    assert found("policyDocument", shown) == ['{"Statement": ["&lt;&amp;&gt;"]}']
    assert found("privateDnsEnabled", shown) == ["true"]
    assert found("groupId", shown) == ["sg-1"]
    assert found("dnsName", shown) == [f"{id_}-local.ssm.eu-west-1.vpce.amazonaws.com"]


def test_a_gateway_endpoint_has_a_policy_and_no_name(ec2: Any) -> None:
    """It is a route and has no address."""
    gateway = {
        **ENDPOINT,
        "ServiceName": "com.amazonaws.eu-west-1.s3",
        "VpcEndpointType": "Gateway",
    }
    asked(ec2, "CreateVpcEndpoint", gateway)
    shown = asked(ec2, "DescribeVpcEndpoints", {})
    assert len(found("policyDocument", shown)) == 1
    assert found("dnsName", shown) == []


def test_an_endpoint_has_its_newest_policy(ec2: Any) -> None:
    """Its other values are unchanged."""
    asked(ec2, "CreateVpcEndpoint", ENDPOINT)
    (id_,) = found("vpcEndpointId", asked(ec2, "DescribeVpcEndpoints", {}))
    asked(ec2, "ModifyVpcEndpoint", {"VpcEndpointId": id_, "PolicyDocument": "{}"})
    shown = asked(ec2, "DescribeVpcEndpoints", {})
    assert found("policyDocument", shown) == ["{}"]
    assert found("groupId", shown) == ["sg-1"]


def test_an_existing_outbound_rule_gets_its_tags(ec2: Any) -> None:
    """Terraform declares AWS's default rule again."""
    group = asked(ec2, "CreateSecurityGroup", {"GroupName": "a", "GroupDescription": "a"})
    asked(
        ec2,
        "AuthorizeSecurityGroupEgress",
        {
            "GroupId": found("groupId", group)[0],
            "IpPermissions.1.IpProtocol": "-1",
            "IpPermissions.1.IpRanges.1.CidrIp": "0.0.0.0/0",
            "TagSpecification.1.ResourceType": "security-group-rule",
            "TagSpecification.1.Tag.1.Key": "Environment",
            "TagSpecification.1.Tag.1.Value": "local",
        },
    )
    shown = asked(ec2, "DescribeSecurityGroupRules", {})
    assert found("key", shown) == ["Environment"]


def test_a_repeated_request_with_its_token_makes_no_second_volume(ec2: Any) -> None:
    """Terraform repeats a request whose connection was lost; a second volume would stay for ever."""
    wanted = {"AvailabilityZone": "eu-west-1a", "Size": "8", "ClientToken": "one"}
    first = asked(ec2, "CreateVolume", wanted)
    assert asked(ec2, "CreateVolume", wanted) == first
    assert asked(ec2, "CreateVolume", {**wanted, "ClientToken": "another"}) != first
    assert len(re.findall("<volumeId>", asked(ec2, "DescribeVolumes", {}))) == 2
