"""The gateway's network: the allowed connections, and no access to the internet."""

from __future__ import annotations

import pytest

from stacks.constructs.client_systems import CLIENT_SYSTEMS
from stacks.settings_schema import SETTINGS
from tests.synth.template import Block, Synthesise, Template, attribute, referred

SECURITY_GROUPS = """\
client
  inbound: none
  outbound: all
gateway
  inbound: 80 from client
  inbound: 2049 from client
  outbound: all
gateway_endpoint
  inbound: 443 from 192.168.0.0/16
  inbound: 1026-1028 from gateway
  inbound: 1031 from gateway
  inbound: 2222 from gateway
  outbound: all
service_endpoints
  inbound: 443 from 192.168.0.0/16
  outbound: all
"""
WAYS_OUT = {
    "aws_customer_gateway",
    "aws_egress_only_internet_gateway",
    "aws_eip",
    "aws_internet_gateway",
    "aws_nat_gateway",
    "aws_route",
    "aws_vpc_peering_connection",
    "aws_vpn_gateway",
    "aws_ec2_transit_gateway_vpc_attachment",
}
ENDPOINTS = {
    "endpoints_storagegateway": ("storagegateway", "Interface", False, "groups_gateway_endpoint"),
    "endpoints_ssm": ("ssm", "Interface", True, "groups_service_endpoints"),
    "endpoints_ssmmessages": ("ssmmessages", "Interface", True, "groups_service_endpoints"),
    "endpoints_ec2": ("ec2", "Interface", True, "groups_service_endpoints"),
    "endpoints_ec2messages": ("ec2messages", "Interface", True, "groups_service_endpoints"),
    "s3": ("s3", "Gateway", None, None),
}
"""Service, type, whether its private DNS name is used, and security group."""


def groups(template: Template) -> list[str]:
    """Return the rows of the table of security groups."""
    lines = []
    for name in sorted(template.resources("aws_security_group")):
        lines.append(name.removeprefix("groups_"))
        inbound = sorted(
            (rule["from_port"], rule["to_port"], source(rule))
            for rule in rules_of(template, "ingress", name)
        )
        lines += [f"  inbound: {ports(*each)}" for each in inbound] or ["  inbound: none"]
        lines += [
            "  outbound: all" if everywhere(rule) else f"  outbound: {rule}"
            for rule in rules_of(template, "egress", name)
        ] or ["  outbound: none"]
    return lines


def rules_of(template: Template, direction: str, group: str) -> list[Block]:
    """Return the rules of one group."""
    return [
        rule
        for rule in template.resources(f"aws_vpc_security_group_{direction}_rule").values()
        if referred(rule["security_group_id"]) == f"aws_security_group.{group}"
    ]


def source(rule: Block) -> str:
    """Return the source of a rule: the name of a group, or a CIDR block."""
    assert rule["ip_protocol"] == "tcp"
    (found,) = (rule[key] for key in ("referenced_security_group_id", "cidr_ipv4") if key in rule)
    return found if "/" in found else referred(found).partition(".groups_")[2]


def ports(first: int, last: int, whence: str) -> str:
    """Return the ports of a rule in the specification's notation."""
    return f"{first if first == last else f'{first}-{last}'} from {whence}"


def everywhere(rule: Block) -> bool:
    """Return whether a rule allows all traffic to everywhere."""
    return (rule["ip_protocol"], rule["cidr_ipv4"]) == ("-1", "0.0.0.0/0")


def test_the_security_groups_are_those_of_the_specification(vaulting: Template) -> None:
    """Pitfall 21: port 443 of Storage Gateway's endpoint is listed."""
    assert "".join(f"{line}\n" for line in groups(vaulting)) == SECURITY_GROUPS


def test_there_are_no_other_rules(vaulting: Template) -> None:
    """Inline rules and the older rule resource would not appear in the table above."""
    assert "aws_security_group_rule" not in vaulting.written["resource"]
    for group in vaulting.resources("aws_security_group").values():
        assert set(group) == {"name", "description", "vpc_id"}


def test_no_rule_admits_outside_addresses(vaulting: Template) -> None:
    """The default group has no rules."""
    for rule in vaulting.resources("aws_vpc_security_group_ingress_rule").values():
        assert rule.get("cidr_ipv4", "192.168.0.0/16") == "192.168.0.0/16"
        assert "cidr_ipv6" not in rule
    default = vaulting.resource("aws_default_security_group.network_default")
    assert set(default) == {"vpc_id"}


def test_there_is_no_way_to_the_internet(vaulting: Template) -> None:
    """The only route table has no routes of its own; only the S3 endpoint adds one."""
    assert not WAYS_OUT & set(vaulting.written["resource"])
    table = vaulting.resource("aws_route_table.network_routes")
    assert "route" not in table
    assert "propagating_vgws" not in table
    associations = vaulting.resources("aws_route_table_association").values()
    assert {referred(each["route_table_id"]) for each in associations} == {
        "aws_route_table.network_routes"
    }
    assert {referred(each["subnet_id"]) for each in associations} == {
        f"aws_subnet.{name}" for name in vaulting.resources("aws_subnet")
    }


def test_the_subnets_are_three_private_ones_in_one_zone(vaulting: Template) -> None:
    """The zone has everything they need; existing subnets stay when AWS adds another such zone."""
    assert vaulting.resource("aws_vpc.network")["cidr_block"] == "192.168.0.0/16"
    subnets = vaulting.resources("aws_subnet")
    assert {name: subnet["cidr_block"] for name, subnet in subnets.items()} == {
        "network_client": "192.168.0.0/24",
        "network_gateway": "192.168.1.0/24",
        "network_endpoints": "192.168.2.0/24",
    }
    for subnet in subnets.values():
        assert subnet["map_public_ip_on_launch"] is False
        assert subnet["lifecycle"]["ignore_changes"] == ["availability_zone"]
        (condition,) = subnet["lifecycle"]["precondition"]
        assert condition["condition"] == "${(length(local.network_zones) >= 1)}"
        assert "gatewayInstanceType" in condition["error_message"]
    (zone,) = {subnet["availability_zone"] for subnet in subnets.values()}
    assert zone == ("${element(local.network_zones, 0)}")
    (zones,) = vaulting.readable["locals"].values()
    assert zones == (
        "${sort(setintersection("
        "tolist(data.aws_vpc_endpoint_service.network_storagegateway.availability_zones), "
        "data.aws_ec2_instance_type_offerings.network_gateway_offerings.locations, "
        "data.aws_ec2_instance_type_offerings.network_client_offerings.locations))}"
    )
    for offerings in vaulting.data("aws_ec2_instance_type_offerings").values():
        assert offerings == {
            "location_type": "availability-zone",
            "filter": [{"name": "instance-type", "values": ["c5.4xlarge"]}],
        }
    machines = vaulting.resources("aws_instance").values()
    assert {each["instance_type"] for each in machines} == {"c5.4xlarge"}
    service = vaulting.data("aws_vpc_endpoint_service")["network_storagegateway"]
    assert service["service"] == "storagegateway"


def test_the_zone_offers_the_instance_types_of_the_settings(synthesise: Synthesise) -> None:
    """The zone offers both types, and the instances have these types."""
    stack = synthesise(
        "DataVaultingStack", gatewayInstanceType="m5.xlarge", clientInstanceType="t3.large"
    )
    assert {
        name: each["filter"][0]["values"]
        for name, each in stack.data("aws_ec2_instance_type_offerings").items()
    } == {"network_gateway_offerings": ["m5.xlarge"], "network_client_offerings": ["t3.large"]}
    types = {name: each["instance_type"] for name, each in stack.resources("aws_instance").items()}
    assert types == {"gateway": "m5.xlarge", "client": "t3.large"}


def test_clocks_are_set_by_the_time_service_of_the_network(vaulting: Template) -> None:
    """Public time servers are unreachable, and a signature with a wrong time is refused."""
    options = vaulting.resource("aws_vpc_dhcp_options.network_dhcp")
    assert options["ntp_servers"] == ["169.254.169.123"]
    assert options["domain_name_servers"] == ["AmazonProvidedDNS"]
    association = vaulting.resource("aws_vpc_dhcp_options_association.network_dhcp_association")
    assert referred(association["dhcp_options_id"]) == "aws_vpc_dhcp_options.network_dhcp"


def test_private_names_of_endpoints_can_be_resolved(vaulting: Template) -> None:
    """Both attributes are needed: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html"""
    vpc = vaulting.resource("aws_vpc.network")
    assert (vpc["enable_dns_support"], vpc["enable_dns_hostnames"]) == (True, True)


def test_there_is_an_endpoint_for_each_service_that_is_needed(vaulting: Template) -> None:
    """There are no others."""
    found = {}
    for name, endpoint in vaulting.resources("aws_vpc_endpoint").items():
        service = endpoint["service_name"].removeprefix("com.amazonaws.REGION.")
        (group,) = endpoint.get("security_group_ids", [None])
        found[name] = (
            service,
            endpoint["vpc_endpoint_type"],
            endpoint.get("private_dns_enabled"),
            group and referred(group).partition(".")[2],
        )
    assert found == ENDPOINTS


def test_endpoints_are_in_their_subnet_or_route_table(
    vaulting: Template,
) -> None:
    """Elsewhere nothing could reach them."""
    subnet = attribute("aws_subnet.network_endpoints", "id")
    table = attribute("aws_route_table.network_routes", "id")
    for endpoint in vaulting.resources("aws_vpc_endpoint").values():
        if endpoint["vpc_endpoint_type"] == "Interface":
            assert endpoint["subnet_ids"] == [subnet]
        else:
            assert endpoint["route_table_ids"] == [table]


def test_every_endpoint_has_a_policy_of_its_own(vaulting: Template) -> None:
    """Without one, an endpoint accepts all requests. The pages of permissions show the policies."""
    policies = {
        name: referred(endpoint["policy"])
        for name, endpoint in vaulting.resources("aws_vpc_endpoint").items()
    }
    assert policies == {name: f"aws_iam_policy_document.{name}_policy" for name in ENDPOINTS}


def test_an_endpoint_allows_the_permissions_of_the_clients_role(vaulting: Template) -> None:
    """A call that only one of them allows would fail, in the account only."""
    allowed = {
        action
        for statement in vaulting.policies()["client_role_permissions"]
        for action in statement["actions"]
        if not action.startswith(("s3:", "logs:"))  # other endpoints carry these
    }
    let_through = {
        action
        for name, statements in vaulting.policies().items()
        if name.startswith("endpoints_") and name != "endpoints_ec2_policy"
        for statement in statements
        if statement["sid"] != "ServeAppliance"  # for the gateway, not the client
        for action in statement["actions"]
    }
    assert let_through == allowed


@pytest.mark.parametrize("system", CLIENT_SYSTEMS)
def test_the_client_may_read_packages_of_its_distribution(
    synthesise: Synthesise, system: str
) -> None:
    """For any principal, because a package manager does not sign its requests; reading only."""
    stack = synthesise("DataVaultingStack", clientOperatingSystem=system)
    (packages,) = (each for each in stack.policies()["s3_policy"] if each["sid"] == "ReadPackages")
    assert packages["actions"] == ["s3:GetObject"]
    assert "condition" not in packages
    assert (
        packages["resources"]
        == {
            "amazon-linux-2": [
                "arn:aws:s3:::amazonlinux-2-repos-REGION/*",
                "arn:aws:s3:::amazonlinux.REGION.amazonaws.com/*",
            ],
            "amazon-linux-2023": ["arn:aws:s3:::al2023-repos-REGION-de612dc2/*"],
        }[system]
    )


def test_every_system_in_the_setting_is_defined() -> None:
    """Otherwise the synthesis would end with a KeyError."""
    assert SETTINGS["clientOperatingSystem"].rule.must_be == " or ".join(CLIENT_SYSTEMS)
