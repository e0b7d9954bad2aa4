"""Who gets in, and where to: rules, routes and endpoints, each a line."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from review.expressions import Block, blocks, fitting, spoken
from review.finding import Danger, Hunk, attributes, gone, title
from review.plan import Action, Change
from review.text import code, on_one_line
from review.values import UNKNOWN, Path, Unknown

Values = Mapping[str, Any]

GROUPS = {"aws_security_group", "aws_default_security_group"}
RULES = {
    "aws_vpc_security_group_ingress_rule": "ingress",
    "aws_vpc_security_group_egress_rule": "egress",
}
LISTS = {"aws_network_acl", "aws_default_network_acl"}
ROUTES = {"aws_route_table", "aws_default_route_table"}
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
SHARES = {"aws_storagegateway_nfs_file_share", "aws_storagegateway_smb_file_share"}
SOURCES = {
    "cidr_blocks": "",
    "cidr_block": "",
    "cidr_ipv4": "",
    "cidr_ipv6": "",
    "ipv6_cidr_blocks": "",
    "ipv6_cidr_block": "",
    "security_groups": "group ",
    "source_security_group_id": "group ",
    "referenced_security_group_id": "group ",
    "prefix_list_ids": "prefix list ",
    "prefix_list_id": "prefix list ",
}
TARGETS = (
    "gateway_id",
    "nat_gateway_id",
    "egress_only_gateway_id",
    "transit_gateway_id",
    "vpc_peering_connection_id",
    "vpc_endpoint_id",
    "network_interface_id",
    "local_gateway_id",
    "carrier_gateway_id",
)
DESTINATIONS = (
    "cidr_block",
    "destination_cidr_block",
    "ipv6_cidr_block",
    "destination_ipv6_cidr_block",
    "destination_prefix_list_id",
)
PRIVATE = tuple(
    ipaddress.IPv4Network(each)
    for each in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
)
PRIVATE_6 = ipaddress.IPv6Network("fc00::/7")
ENDPOINT = {
    "service_name": "endpoint of",
    "subnet_ids": "in subnet",
    "security_group_ids": "behind group",
    "route_table_ids": "in route table",
}
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
        lines += attributes(change, but=[*but, *(_told(change))])
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


def rules(change: Change, values: Values) -> Iterator[str]:
    """Write the rules of one side of *change*, each a line for each place it is about."""
    if not values:
        return
    written = change.expressions
    if change.type in GROUPS | LISTS:
        for direction in ("ingress", "egress"):
            if values.get(direction) == UNKNOWN and direction in written:
                yield f"{direction} {UNKNOWN}"
            for each, block in _blocks(values, written, direction):
                yield from _rule(direction, each, block)
    elif change.type in RULES:
        yield from _rule(RULES[change.type], values, written)
    elif change.type == "aws_security_group_rule":
        yield from _rule(str(values.get("type")), values, written)
    elif change.type == "aws_network_acl_rule":
        yield from _rule("egress" if values.get("egress") else "ingress", values, written)
    elif change.type in ROUTES:
        for each, block in _blocks(values, written, "route"):
            yield from _route(each, block)
    elif change.type == "aws_route":
        yield from _route(values, written)
    elif change.type in SHARES:
        yield from (f"mount from {each}" for each in _places(values, written, "client_list"))
    elif change.type in {"aws_vpc", "aws_subnet"}:
        yield from (f"addresses {each}" for each in _places(values, written, "cidr_block"))
    elif change.type == "aws_vpc_endpoint":
        for name, word in ENDPOINT.items():
            yield from (f"{word} {each}" for each in _places(values, written, name))


def _told(change: Change) -> list[Path]:
    """Return the paths that :func:`rules` tells of, so that they are not told of again."""
    if change.type in GROUPS | LISTS:
        return [("ingress",), ("egress",)]
    if change.type in ROUTES:
        return [("route",)]
    if change.type in {"aws_vpc", "aws_subnet"}:
        return [("cidr_block",)]
    if change.type == "aws_vpc_endpoint":
        return [(name,) for name in ENDPOINT]
    if change.type in {*RULES, "aws_security_group_rule", "aws_network_acl_rule", "aws_route"}:
        return [(name,) for name in change.before.keys() | change.after.keys()]
    return []


def _rule(direction: str, values: Values, written: Block) -> Iterator[str]:
    verdict = values.get("rule_action") or values.get("action")
    what = f"{verdict} {_ports(values)}" if isinstance(verdict, str) else _ports(values)
    into = _places(values, written, "security_group_id")
    about = [f" {'into' if direction == 'ingress' else 'out of'} {each}" for each in into]
    if isinstance(description := values.get("description"), str) and description:
        about.append(f" ({on_one_line(description)[1:-1]})")
    if isinstance(number := values.get("rule_number", values.get("rule_no")), int):
        about.append(f" [rule {number}]")
    way = "from" if direction == "ingress" else "to"
    places = [
        f"{word}{each}" for name, word in SOURCES.items() for each in _places(values, written, name)
    ] + ["itself"] * (values.get("self") is True)
    yield from (f"{direction} {what} {way} {place}{''.join(about)}" for place in places)


def _ports(values: Values) -> str:
    protocol = str(values.get("protocol", values.get("ip_protocol")))
    first, last = values.get("from_port"), values.get("to_port")
    if protocol in {"-1", "all"}:
        return "all"
    name = {"6": "tcp", "17": "udp", "1": "icmp"}.get(protocol, protocol)
    return f"{name} {first}" if first == last else f"{name} {first}-{last}"


def _route(values: Values, written: Block) -> Iterator[str]:
    to = [each for name in DESTINATIONS for each in _places(values, written, name)]
    by = [each for name in TARGETS for each in _places(values, written, name)]
    yield f"route {', '.join(to)} by {', '.join(by)}"


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


def _blocks(values: Values, written: Block, name: str) -> Iterator[tuple[Values, Block]]:
    given = values.get(name)
    for each in given if isinstance(given, list) else []:
        if isinstance(each, dict):
            yield each, fitting(blocks(written, name), each)


def _places(values: Values, written: Block, name: str) -> list[str]:
    """Return what is known of an argument, and for the rest what the configuration writes."""
    given = values.get(name)
    if given is None or given == "":
        return []
    listed = given if isinstance(given, list) else [given]
    known = [_plain(each) for each in listed if not isinstance(each, Unknown)]
    if len(known) < len(listed) and name in written:
        known += spoken(written[name]) or [str(UNKNOWN)]
    return list(dict.fromkeys(known))


def _plain(value: object) -> str:
    return on_one_line(value)[1:-1] if isinstance(value, str) else on_one_line(value)
