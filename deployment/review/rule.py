"""Network rules as values: rules with equal values are equal."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from deployment.review.text import on_one_line

PRIVATE = tuple(
    ipaddress.IPv4Network(each)
    for each in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
)
PRIVATE_6 = ipaddress.IPv6Network("fc00::/7")
GATEWAY_IDS = ("igw-", "nat-", "eigw-")
GATEWAYS = {
    "aws_internet_gateway",
    "aws_nat_gateway",
    "aws_egress_only_internet_gateway",
}
"""The types of gateways that lead to the internet; GATEWAY_IDS has the prefixes of their ids."""
REFERENCE = re.compile(r"\$\{(\w+)\.")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Traffic of one direction, from or to one place."""

    direction: str
    verdict: str
    """For a network ACL: allow or deny. Empty for a security group, which only allows."""
    ports: str
    kind: str
    """The kind of *place*; empty for a CIDR block."""
    place: str
    into: tuple[str, ...] = ()
    description: str = ""
    number: int | None = None

    @property
    def line(self) -> str:
        """The rule as text."""
        words = [self.direction, self.verdict, self.ports]
        words += ["to" if self.direction == "egress" else "from", self.kind, _shown(self.place)]
        behind = "out of" if self.direction == "egress" else "into"
        words += [f"{behind} {_shown(group)}" for group in self.into]
        words += [f"({_shown(self.description)})"] if self.description else []
        words += [f"[rule {self.number}]"] if self.number is not None else []
        return " ".join(word for word in words if word)

    @property
    def opens_to(self) -> str:
        """The public place that the rule admits, or an empty text."""
        lets_in = self.direction != "egress" and self.verdict != "deny" and not self.kind
        return self.place if lets_in and _is_public(self.place) else ""

    @property
    def leads_out(self) -> bool:
        """Whether the rule is a way to the internet."""
        return False


@dataclass(frozen=True, slots=True)
class Route:
    """Destinations, and the targets that lead to them."""

    destinations: tuple[str, ...]
    targets: tuple[str, ...]

    @property
    def line(self) -> str:
        """The route as text."""
        to, by = (", ".join(map(_shown, each)) for each in (self.destinations, self.targets))
        return f"route {to} by {by}"

    @property
    def opens_to(self) -> str:
        """The public place that the route admits: always empty."""
        return ""

    @property
    def leads_out(self) -> bool:
        """Whether the route is a way to the internet."""
        return any(
            target.startswith(GATEWAY_IDS) or not GATEWAYS.isdisjoint(REFERENCE.findall(target))
            for target in self.targets
        )


@dataclass(frozen=True, slots=True)
class Placement:
    """The subnet or group of a resource, or the addresses that may mount a share."""

    words: str
    place: str
    lets_in: bool = False

    @property
    def line(self) -> str:
        """The placement as text."""
        return f"{self.words} {_shown(self.place)}"

    @property
    def opens_to(self) -> str:
        """The public place that may mount a share, or an empty text."""
        return self.place if self.lets_in and _is_public(self.place) else ""

    @property
    def leads_out(self) -> bool:
        """Whether the placement is a way to the internet."""
        return False


Rule = Traffic | Route | Placement


def _is_public(place: str) -> bool:
    try:
        network = ipaddress.ip_network(place, strict=False)
    except ValueError:
        return False
    if isinstance(network, ipaddress.IPv4Network):
        return not any(network.subnet_of(each) for each in PRIVATE)
    return not network.subnet_of(PRIVATE_6)


def _shown(text: str) -> str:
    return on_one_line(text)[1:-1]
