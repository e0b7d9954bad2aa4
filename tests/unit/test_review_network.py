"""Network rules, routes and gateways: additions, removals, and ways to the internet."""

from __future__ import annotations

from typing import Any

import pytest

from deployment.review.findings import Findings
from tests.unit.plans import Json, change, found, referring


def lines(findings: Findings) -> list[str]:
    return [line for hunk in findings.network for line in hunk.lines]


def rule(port: int, *blocks: str, **rest: Any) -> Json:
    return {
        "from_port": port,
        "to_port": port,
        "protocol": "tcp",
        "cidr_blocks": list(blocks),
        "security_groups": [],
        "description": "",
        "self": False,
        **rest,
    }


def test_a_group_with_inline_rules_reports_only_the_rules_that_changed() -> None:
    before = {"ingress": [rule(80, "10.0.0.0/8"), rule(2049, "192.168.0.0/24")]}
    after = {"ingress": [rule(2049, "192.168.0.0/24", "192.168.1.0/24"), rule(80, "10.0.0.0/8")]}
    findings = found(change("aws_security_group.a", "update", before=before, after=after))
    assert lines(findings) == ["+ ingress tcp 2049 from 192.168.1.0/24"]
    assert not findings.dangers


def test_a_group_that_is_not_known_yet_is_reported_as_configured() -> None:
    """A plan may have the rules of a set in another order than the configuration."""
    known = [rule(80, security_groups=None), rule(2049, security_groups=None)]
    text = [
        rule(2049, security_groups=["${aws_security_group.b.id}"]),
        rule(80, security_groups=["${aws_security_group.c.id}"]),
    ]
    findings = found(
        change(
            "aws_security_group.a",
            "create",
            after={"ingress": known},
            unknown={"ingress": [{"security_groups": True}, {"security_groups": True}]},
        ),
        written={"aws_security_group.a": {"ingress": referring(text)}},
    )
    assert lines(findings) == [
        "+ ingress tcp 2049 from group ${aws_security_group.b.id}",
        "+ ingress tcp 80 from group ${aws_security_group.c.id}",
    ]


def test_a_rule_that_is_a_resource_names_its_group() -> None:
    after = {
        "security_group_id": "sg-1",
        "cidr_ipv4": "0.0.0.0/0",
        "ip_protocol": "-1",
        "from_port": None,
        "to_port": None,
    }
    egress = change("aws_vpc_security_group_egress_rule.a", "create", after=after)
    findings = found(egress)
    assert lines(findings) == ["+ egress all to 0.0.0.0/0 out of sg-1"]
    assert not findings.dangers


@pytest.mark.parametrize(
    ("block", "is_danger"),
    [
        ("0.0.0.0/0", True),
        ("::/0", True),
        ("0.0.0.0/1", True),
        ("203.0.113.7/32", True),
        ("192.168.0.0/15", True),
        ("192.168.0.0/16", False),
        ("10.1.0.0/24", False),
        ("fd00::/8", False),
    ],
)
def test_ingress_from_a_public_network_is_a_danger(block: str, is_danger: bool) -> None:
    after = {"type": "ingress", **rule(443, block), "security_group_id": "sg-1"}
    findings = found(change("aws_security_group_rule.a", "create", after=after))
    assert bool(findings.dangers) is is_danger


@pytest.mark.parametrize(
    ("block", "description", "is_danger"),
    [
        ("0.0.0.0/0", "we cannot deny them this", True),
        ("0.0.0.0/0", " deny ", True),
        ("10.0.0.0/8", "replaces 203.0.113.7/32 of the old office", False),
        ("10.0.0.0/8", "route 0.0.0.0/0 by igw-1", False),
    ],
)
def test_a_description_neither_adds_nor_hides_a_danger(
    block: str, description: str, is_danger: bool
) -> None:
    opening = {**rule(22, block, description=description), "security_group_id": "sg-1"}
    for findings in (
        found(change("aws_security_group.a", "create", after={"ingress": [opening]})),
        found(change("aws_security_group_rule.a", "create", after={"type": "ingress", **opening})),
    ):
        assert bool(findings.dangers) is is_danger


@pytest.mark.parametrize(
    ("action", "is_danger"), [("allow", True), ("deny", False), (None, True), ("", True)]
)
def test_a_network_acl_that_denies_opens_nothing(action: str | None, is_danger: bool) -> None:
    after = {"cidr_block": "0.0.0.0/0", "rule_action": action, "rule_number": 100, "protocol": "6"}
    findings = found(change("aws_network_acl_rule.a", "create", after={"egress": False, **after}))
    assert bool(findings.dangers) is is_danger


def test_a_rule_whose_direction_is_not_known_may_open_the_network() -> None:
    after = {**rule(22, "0.0.0.0/0"), "security_group_id": "sg-1"}
    findings = found(
        change("aws_security_group_rule.a", "create", after=after, unknown={"type": True})
    )
    assert findings.dangers


@pytest.mark.parametrize(
    ("target", "is_danger"),
    [
        ("${aws_nat_gateway.a.id}", True),
        ("${aws_egress_only_internet_gateway.a.id}", True),
        ("${aws_ec2_transit_gateway.aws_nat_gateway.id}", False),
        ("${aws_ec2_transit_gateway.a.id}", False),
    ],
)
def test_a_route_leads_out_by_its_targets_type_and_not_its_name(
    target: str, is_danger: bool
) -> None:
    findings = found(
        change(
            "aws_route.a",
            "create",
            after={"destination_cidr_block": "0.0.0.0/0"},
            unknown={"gateway_id": True},
        ),
        written={"aws_route.a": {"gateway_id": referring(target)}},
    )
    assert bool(findings.dangers) is is_danger


def test_a_removed_rule_is_no_danger() -> None:
    before = {"type": "ingress", **rule(22, "0.0.0.0/0"), "security_group_id": "sg-1"}
    findings = found(change("aws_security_group_rule.a", "delete", before=before))
    assert not findings.dangers
    assert lines(findings) == ["- ingress tcp 22 from 0.0.0.0/0 into sg-1"]


@pytest.mark.parametrize(
    ("address", "after"),
    [
        ("aws_internet_gateway.a", {}),
        ("aws_eip.a", {}),
        ("aws_route.a", {"destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}),
        ("aws_route_table.a", {"route": [{"cidr_block": "0.0.0.0/0", "nat_gateway_id": "nat-1"}]}),
        ("aws_subnet.a", {"map_public_ip_on_launch": True}),
        ("aws_instance.a", {"associate_public_ip_address": True}),
    ],
)
def test_a_way_to_the_internet_is_a_danger(address: str, after: Json) -> None:
    assert found(change(address, "create", after=after)).dangers


def test_a_share_is_reported_with_the_addresses_that_may_mount_it() -> None:
    findings = found(
        change(
            "aws_storagegateway_nfs_file_share.a",
            "update",
            before={"client_list": ["192.168.0.10/32"]},
            after={"client_list": ["0.0.0.0/0"]},
        )
    )
    assert lines(findings) == ["- mount from 192.168.0.10/32", "+ mount from 0.0.0.0/0"]
    assert len(findings.dangers) == 1
