"""Changes of network access: rules added and removed, and new ways to the internet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from deployment.review.finding import Danger, Hunk, attributes, gone, title
from deployment.review.plan import Action, Change
from deployment.review.rule import Rule
from deployment.review.rules import GROUPS, LISTS, ROUTES, RULES, Values, paths, rules
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
DOORS = {
    "aws_internet_gateway": "the network gets a way to the internet",
    "aws_nat_gateway": "the network gets a way to the internet",
    "aws_egress_only_internet_gateway": "the network gets a way to the internet",
    "aws_eip": "something gets a public address",
    "aws_vpc_peering_connection": "another network gets a way into this one",
}
PUBLIC = {"map_public_ip_on_launch", "associate_public_ip_address"}


def is_about_network(change: Change) -> bool:
    """Return whether a resource controls network access."""
    return change.type in TYPES


def hunks(change: Change, *, but: list[Path]) -> Iterator[Hunk]:
    """Yield the rules added and removed and the other changes, without the paths *but*."""
    lines = list(_changed_rules(change))
    if is_about_network(change) and change.action in {Action.UPDATE, Action.REPLACE}:
        lines += attributes(change, but=[*but, *paths(change)])
    if change.action in {Action.DESTROY, Action.FORGET} and is_about_network(change) and not lines:
        yield gone(change)
    elif lines or is_about_network(change):
        yield Hunk(title(change), tuple(lines))


def dangers(change: Change) -> Iterator[Danger]:
    """Yield the changes that open the network to addresses that are not private."""
    if change.action is Action.CREATE and change.type in DOORS:
        yield Danger(change.address, f"is created: {DOORS[change.type]}")
    for name in sorted(PUBLIC & change.after.keys()):
        if change.after[name] is True and change.before.get(name) is not True:
            yield Danger(
                change.address, f"{code(name)} becomes true: instances get public addresses"
            )
    for rule in _added_rules(change):
        if place := rule.opens_to:
            yield Danger(
                change.address, f"adds {code(rule.line)}: {code(place)} is no private network"
            )
        if rule.leads_out:
            yield Danger(change.address, f"adds {code(rule.line)}: a way to the internet")


def _changed_rules(change: Change) -> Iterator[str]:
    yield from (f"- {each.line}" for each in _added(change, change.after, change.before))
    yield from (f"+ {each.line}" for each in _added_rules(change))


def _added_rules(change: Change) -> list[Rule]:
    return _added(change, change.before, change.after)


def _added(change: Change, old: Values, new: Values) -> list[Rule]:
    added = Counter(rules(change, new)) - Counter(rules(change, old))
    return sorted(added.elements(), key=lambda rule: rule.line)
