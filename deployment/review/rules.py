"""Read network rules from a plan: a rule with several sources or destinations is one rule for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deployment.review.expressions import Block, blocks, fitting, written_texts
from deployment.review.plan import Change
from deployment.review.rule import Placement, Route, Rule, Traffic
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
    "security_groups": "group",
    "source_security_group_id": "group",
    "referenced_security_group_id": "group",
    "prefix_list_ids": "prefix list",
    "prefix_list_id": "prefix list",
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
PLACEMENTS = {
    "aws_storagegateway_nfs_file_share": {"client_list": "mount from"},
    "aws_storagegateway_smb_file_share": {"client_list": "mount from"},
    "aws_vpc": {"cidr_block": "addresses"},
    "aws_subnet": {"cidr_block": "addresses"},
    "aws_vpc_endpoint": {
        "service_name": "endpoint of",
        "subnet_ids": "in subnet",
        "security_group_ids": "behind group",
        "route_table_ids": "in route table",
    },
}
"""By type: the arguments that name places, and the words before each place."""


def rules(change: Change, values: Values) -> Iterator[Rule]:
    """Yield the rules in *values*, which are *change* before or after: one for each address or group."""
    if not values:
        return
    written = change.expressions
    if change.type in GROUPS | LISTS:
        for direction in ("ingress", "egress"):
            if values.get(direction) == UNKNOWN and direction in written:
                yield Placement(direction, str(UNKNOWN))
            for each, block in _blocks(values, written, direction):
                yield from _traffic(direction, each, block)
    elif change.type in RULES:
        yield from _traffic(RULES[change.type], values, written)
    elif change.type == "aws_security_group_rule":
        yield from _traffic(str(values.get("type")), values, written)
    elif change.type == "aws_network_acl_rule":
        yield from _traffic("egress" if values.get("egress") else "ingress", values, written)
    elif change.type in ROUTES:
        for each, block in _blocks(values, written, "route"):
            yield _route(each, block)
    elif change.type == "aws_route":
        yield _route(values, written)
    else:
        yield from _placements(change.type, values, written)


def _placements(type_: str, values: Values, written: Block) -> Iterator[Rule]:
    for name, words in PLACEMENTS.get(type_, {}).items():
        for place in _places(values, written, name):
            yield Placement(words, place, lets_in=type_ in SHARES)


def paths(change: Change) -> list[Path]:
    """Return the paths that :func:`rules` reads, so that nothing is reported twice."""
    if change.type in GROUPS | LISTS:
        return [("ingress",), ("egress",)]
    if change.type in ROUTES:
        return [("route",)]
    if change.type in PLACEMENTS and change.type not in SHARES:
        return [(name,) for name in PLACEMENTS[change.type]]
    if change.type in {*RULES, "aws_security_group_rule", "aws_network_acl_rule", "aws_route"}:
        return [(name,) for name in change.before.keys() | change.after.keys()]
    return []


def _traffic(direction: str, values: Values, written: Block) -> Iterator[Rule]:
    verdict = values.get("rule_action") or values.get("action")
    description = values.get("description")
    number = values.get("rule_number", values.get("rule_no"))
    places = [
        (kind, place) for name, kind in SOURCES.items() for place in _places(values, written, name)
    ] + [("", "itself")] * (values.get("self") is True)
    for kind, place in places:
        yield Traffic(
            direction,
            verdict if isinstance(verdict, str) else "",
            _ports(values),
            kind,
            place,
            into=tuple(_places(values, written, "security_group_id")),
            description=description if isinstance(description, str) else "",
            number=number if isinstance(number, int) else None,
        )


def _ports(values: Values) -> str:
    protocol = str(values.get("protocol", values.get("ip_protocol")))
    first, last = values.get("from_port"), values.get("to_port")
    if protocol in {"-1", "all"}:
        return "all"
    name = {"6": "tcp", "17": "udp", "1": "icmp"}.get(protocol, protocol)
    return f"{name} {first}" if first == last else f"{name} {first}-{last}"


def _route(values: Values, written: Block) -> Rule:
    return Route(
        tuple(each for name in DESTINATIONS for each in _places(values, written, name)),
        tuple(each for name in TARGETS for each in _places(values, written, name)),
    )


def _blocks(values: Values, written: Block, name: str) -> Iterator[tuple[Values, Block]]:
    given = values.get(name)
    for each in given if isinstance(given, list) else []:
        if isinstance(each, dict):
            yield each, fitting(blocks(written, name), each)


def _places(values: Values, written: Block, name: str) -> list[str]:
    """Return the known values of an argument and, for the others, their configuration."""
    given = values.get(name)
    if given is None or given == "":
        return []
    listed = given if isinstance(given, list) else [given]
    known = [str(each) for each in listed if not isinstance(each, Unknown)]
    if len(known) < len(listed) and name in written:
        known += written_texts(written[name]) or [str(UNKNOWN)]
    return list(dict.fromkeys(known))
