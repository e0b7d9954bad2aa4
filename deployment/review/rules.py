"""Rules of a network, each a line for each place that it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deployment.review.expressions import Block, blocks, fitting, spoken
from deployment.review.plan import Change
from deployment.review.text import on_one_line
from deployment.review.values import UNKNOWN, Path, Unknown

Values = Mapping[str, Any]

GROUPS = {"aws_security_group", "aws_default_security_group"}
RULES = {
    "aws_vpc_security_group_ingress_rule": "ingress",
    "aws_vpc_security_group_egress_rule": "egress",
}
LISTS = {"aws_network_acl", "aws_default_network_acl"}
ROUTES = {"aws_route_table", "aws_default_route_table"}
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
ENDPOINT = {
    "service_name": "endpoint of",
    "subnet_ids": "in subnet",
    "security_group_ids": "behind group",
    "route_table_ids": "in route table",
}


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


def told(change: Change) -> list[Path]:
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
