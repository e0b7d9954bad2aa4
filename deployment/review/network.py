"""Who gets in, and where to: rules added and removed, and what leads outside."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator

from deployment.review.finding import Danger, Hunk, attributes, gone, title
from deployment.review.plan import Action, Change
from deployment.review.rules import GROUPS, LISTS, ROUTES, RULES, rules, told
from deployment.review.text import code
from deployment.review.values import Path

TYPES = (
    GROUPS
    | RULES.keys()
    | LISTS
    | ROUTES
    | {
        "aws_ec2_managed_prefix_list",
        "aws_egress_only_internet_gateway",
        "aws_eip",
        "aws_internet_gateway",
        "aws_nat_gateway",
        "aws_network_acl_rule",
        "aws_network_interface",
        "aws_route",
        "aws_route_table_association",
        "aws_security_group_rule",
        "aws_subnet",
        "aws_vpc",
        "aws_vpc_endpoint",
        "aws_vpc_endpoint_route_table_association",
        "aws_vpc_endpoint_security_group_association",
        "aws_vpc_endpoint_subnet_association",
        "aws_vpc_peering_connection",
    }
)
PRIVATE = tuple(
    ipaddress.IPv4Network(each)
    for each in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
)
PRIVATE_6 = ipaddress.IPv6Network("fc00::/7")
DOORS = {
    "aws_internet_gateway": "the network gets a way to the internet",
    "aws_nat_gateway": "the network gets a way to the internet",
    "aws_egress_only_internet_gateway": "the network gets a way to the internet",
    "aws_eip": "something gets a public address",
    "aws_vpc_peering_connection": "another network gets a way into this one",
}
PUBLIC = {"map_public_ip_on_launch", "associate_public_ip_address"}


def is_about_network(change: Change) -> bool:
    """Tell whether a resource is about who reaches what."""
    return change.type in TYPES


def hunks(change: Change, *, but: list[Path]) -> Iterator[Hunk]:
    """Tell of rules added and removed, and of what else changes, without the paths *but*."""
    lines = list(_changed_rules(change))
    if is_about_network(change) and change.action in {Action.UPDATE, Action.REPLACE}:
        lines += attributes(change, but=[*but, *(told(change))])
    if change.action in {Action.DESTROY, Action.FORGET} and is_about_network(change) and not lines:
        yield gone(change)
    elif lines or is_about_network(change):
        yield Hunk(title(change), tuple(lines))


def dangers(change: Change) -> Iterator[Danger]:
    """Find what opens the network to places that are not private."""
    if change.action is Action.CREATE and change.type in DOORS:
        yield Danger(change.address, f"is created: {DOORS[change.type]}")
    for name in sorted(PUBLIC & change.after.keys()):
        if change.after[name] is True and change.before.get(name) is not True:
            yield Danger(
                change.address, f"{code(name)} becomes true: instances get public addresses"
            )
    for line in _changed_rules(change):
        sign, _, rule = line.partition(" ")
        opens = rule.startswith(("ingress", "mount")) and " deny " not in rule
        if (
            sign == "+"
            and opens
            and (places := [each for each in rule.split() if _is_public(each)])
        ):
            named = ", ".join(code(each) for each in places)
            yield Danger(change.address, f"adds {code(rule)}: {named} is no private network")
        if sign == "+" and rule.startswith("route") and _leads_out(rule):
            yield Danger(change.address, f"adds {code(rule)}: a way to the internet")


def _changed_rules(change: Change) -> Iterator[str]:
    old = Counter(rules(change, change.before))
    new = Counter(rules(change, change.after))
    yield from (f"- {each}" for each in sorted((old - new).elements()))
    yield from (f"+ {each}" for each in sorted((new - old).elements()))


def _leads_out(rule: str) -> bool:
    target = rule.partition(" by ")[2]
    return target.startswith(("igw-", "nat-", "eigw-")) or any(door in target for door in DOORS)


def _is_public(place: str) -> bool:
    try:
        network = ipaddress.ip_network(place, strict=False)
    except ValueError:
        return False
    if isinstance(network, ipaddress.IPv4Network):
        return not any(network.subnet_of(each) for each in PRIVATE)
    return not network.subnet_of(PRIVATE_6)
