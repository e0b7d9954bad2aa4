"""The security groups and their rules, as data."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from stacks.constructs.private_network import NETWORK

DESCRIPTIONS = {
    "gateway": "File Gateway",
    "client": "File Gateway client",
    "gateway_endpoint": "VPC endpoint of Storage Gateway",
    "service_endpoints": "VPC endpoints of EC2 and Systems Manager",
}
INBOUND: dict[str, list[tuple[int, int, str]]] = {
    "gateway": [(80, 80, "client"), (2049, 2049, "client")],
    "client": [],
    "gateway_endpoint": [
        (1026, 1028, "gateway"),
        (1031, 1031, "gateway"),
        (2222, 2222, "gateway"),
        (443, 443, NETWORK),
    ],
    "service_endpoints": [(443, 443, NETWORK)],
}
"""For each group, its rules: first and last TCP port, and the source, a group or a CIDR block."""


class SecurityGroups(Construct):
    """A group for each kind of network interface. Outbound traffic is not restricted by the groups."""

    def __init__(self, scope: Construct, id_: str, *, name: str, vpc_id: str) -> None:
        super().__init__(scope, id_)
        self.ids: dict[str, str] = {}
        for kind, description in DESCRIPTIONS.items():
            group = SecurityGroup(
                self,
                kind,
                name=f"{name}-{kind.replace('_', '-')}",
                description=description,
                vpc_id=vpc_id,
            )
            self.ids[kind] = group.id
            VpcSecurityGroupEgressRule(
                self,
                f"{kind}_outbound",
                security_group_id=group.id,
                ip_protocol="-1",
                cidr_ipv4="0.0.0.0/0",
            )
        for kind, rules in INBOUND.items():
            for first, last, source in rules:
                is_group = source in self.ids
                VpcSecurityGroupIngressRule(
                    self,
                    f"{kind}_inbound_{first}",
                    security_group_id=self.ids[kind],
                    ip_protocol="tcp",
                    from_port=first,
                    to_port=last,
                    referenced_security_group_id=self.ids[source] if is_group else None,
                    cidr_ipv4=None if is_group else source,
                )
