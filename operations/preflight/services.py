"""Checks of the region: images, instance types, endpoints."""

from __future__ import annotations

from operations.preflight.check import Account, Finding, green, red
from stacks.constructs.client_systems import CLIENT_SYSTEMS, GATEWAY_IMAGE

ENDPOINTS = ("storagegateway", "ssm", "ssmmessages", "ec2")
"""Interface endpoints that DataVaultingStack requires."""


def images(account: Account) -> Finding:
    """Check that AWS publishes the images of gateway and client in the region."""
    client = CLIENT_SYSTEMS[account.settings.client_operating_system].image_parameter
    answer = account.client("ssm").get_parameters(Names=[GATEWAY_IMAGE, client])
    if missing := answer["InvalidParameters"]:
        return red(
            f"no parameter {', '.join(missing)}",
            "Choose a region that has them (stacksRegion), or another clientOperatingSystem.",
        )
    return green(", ".join(sorted(each["Value"] for each in answer["Parameters"])))


def zones(account: Account) -> Finding:
    """Check that one zone offers both instance types and Storage Gateway's endpoint."""
    ec2, settings = account.client("ec2"), account.settings
    offered = _endpoint_zones(account)
    for type_ in (settings.gateway_instance_type, settings.client_instance_type):
        answer = ec2.describe_instance_type_offerings(
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": [type_]}],
        )
        offered &= {each["Location"] for each in answer["InstanceTypeOfferings"]}
    if offered:
        return green(f"{min(offered)} will be used, of {', '.join(sorted(offered))}")
    return red("none", "Set gatewayInstanceType or clientInstanceType to a type that is offered.")


def endpoints(account: Account) -> Finding:
    """Check that the required endpoints exist, and list those without policy support."""
    names = {f"com.amazonaws.{account.region}.{service}": service for service in ENDPOINTS}
    optional = f"com.amazonaws.{account.region}.ec2messages"
    answer = account.client("ec2").describe_vpc_endpoint_services(
        Filters=[{"Name": "service-name", "Values": [*names, optional]}]
    )
    found = {each["ServiceName"]: each for each in answer["ServiceDetails"]}
    if missing := [service for name, service in names.items() if name not in found]:
        return red(f"no endpoint of {', '.join(missing)}", "Choose another region (stacksRegion).")
    without = [
        name.rpartition(".")[2]
        for name, each in found.items()
        if not each["VpcEndpointPolicySupported"]
    ]
    seen = "all exist" + ("" if optional in found else ", except ec2messages, which is left out")
    return green(
        f"{seen}; without a policy, as AWS accepts none: {', '.join(without)}"
        if without
        else f"{seen}; each accepts a policy"
    )


def _endpoint_zones(account: Account) -> set[str]:
    answer = account.client("ec2").describe_vpc_endpoint_services(
        ServiceNames=[f"com.amazonaws.{account.region}.storagegateway"]
    )
    return {zone for each in answer["ServiceDetails"] for zone in each["AvailabilityZones"]}
