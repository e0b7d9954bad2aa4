"""The arrows from one resource to another: proven calls, and connections in the JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tools.diagrams.nodes import (
    DEFAULT_BUS,
    MACHINE,
    REMOTE,
    block_id,
    drawn,
    label,
    node_id,
    rules,
)
from tools.diagrams.proven import Connection
from tools.diagrams.stack import Block, Stack
from tools.diagrams.states import definition_of, state_id

READING = re.compile(r"\w+:(BatchGet|Describe|Get|List|Query)")
RECEIVE = "sqs:ReceiveMessage"


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow from one node to another; dashed for failures, and for references by name."""

    start: str
    end: str
    text: str = ""
    line: str = "-->"

    def __str__(self) -> str:
        text = f"|{label(self.text)}|" if self.text else ""
        return f"{self.start} {self.line}{text} {self.end}"


def arrows(stack: Stack, proven: Iterable[Connection]) -> Iterator[Arrow]:
    """Yield every arrow; the same one may occur twice.

    *proven* has the calls that are drawn if the stack contains both parts.
    """
    yield from _rules(stack)
    yield from _flows(stack, [*proven, *_by_instances(stack)])
    for kind in (_network, _share, _parameters):
        yield from kind(stack)


def remote(stack: Stack) -> Iterator[str]:
    """Yield the outputs of other stacks that have an arrow."""
    for block in stack.of_type("aws_storagegateway_nfs_file_share").values():
        for address in stack.references(block["location_arn"]):
            if address.startswith(REMOTE):
                of = address.removeprefix(REMOTE).partition(".")[0]
                yield f"{node_id(address)}({label(address.rpartition('.')[2], f'output of {of}')})"


def _nodes(stack: Stack, value: Any) -> list[str]:
    return [node_id(address) for address in stack.references(value) if drawn(address)]


def _between(
    stack: Stack, block: Block, start: str, end: str, text: str = "", line: str = "-->"
) -> Iterator[Arrow]:
    """Yield arrows from everything that the argument *start* refers to, to everything that *end* does."""
    for first in _nodes(stack, block[start]):
        for last in _nodes(stack, block[end]):
            yield Arrow(first, last, text, line)


def _rules(stack: Stack) -> Iterator[Arrow]:
    """Yield the ways of events to rules, which need no permission."""
    for address, rule in rules(stack).items():
        for bus in _nodes(stack, rule.get("event_bus_name")) or [DEFAULT_BUS]:
            yield Arrow(bus, node_id(address))
        for source in _nodes(stack, rule.get("event_pattern")):
            yield Arrow(source, node_id(address), "events of", "-.->")


def _by_instances(stack: Stack) -> Iterator[Connection]:
    """Yield the calls that the roles of instances allow on parts of the stack."""
    for address, instance in stack.of_type("aws_instance").items():
        roles = [
            role
            for profile in stack.references(instance.get("iam_instance_profile"))
            for role in stack.references(stack.blocks[profile]["role"])
        ]
        for policy in stack.of_type("aws_iam_role_policy").values():
            (role,), (document,) = (stack.references(policy[name]) for name in ("role", "policy"))
            for statement in stack.blocks[document]["statement"] if role in roles else ():
                for called in stack.references(statement["resources"]):
                    yield Connection(address, called, tuple(statement["actions"]))


def _flows(stack: Stack, connections: Iterable[Connection]) -> Iterator[Arrow]:
    """Yield the calls as flows of data; a message to a queue that nothing receives from is a failure."""
    contained = {node_id(address) for address in stack.blocks if drawn(address)}
    actions: dict[tuple[str, str], list[str]] = {}
    for each in connections:
        ends = (node_id(each.source), node_id(each.target))
        if ends[0] != ends[1] and contained.issuperset(ends):
            actions.setdefault(ends, []).extend(each.actions)
    received = {called for (_, called), made in actions.items() if RECEIVE in made}
    for (caller, called), made in actions.items():
        reads = {READING.match(action) is not None for action in made}
        if called.startswith("sqs_queue_") and called not in received:
            if not caller.startswith("cloudwatch_event_rule_"):
                yield Arrow(caller, called, "failed", "-.->")
        elif RECEIVE in made or reads == {True}:
            yield Arrow(called, caller)
        else:
            for start in _callers(stack, caller, called):
                yield Arrow(start, called, line="<-->" if True in reads else "-->")


def _callers(stack: Stack, caller: str, called: str) -> list[str]:
    """Return *caller*, or the states that name *called* if *caller* is a state machine."""
    for address, machine in stack.of_type(MACHINE).items():
        if node_id(address) == caller:
            return [
                state_id(caller, name)
                for name, state in definition_of(machine)["States"].items()
                if called in _nodes(stack, [state.get("Parameters"), state.get("ItemProcessor")])
            ] or [caller]
    return [caller]


def _network(stack: Stack) -> Iterator[Arrow]:
    for address, block in stack.of_type("aws_instance", "aws_vpc_endpoint").items():
        for argument in ("vpc_security_group_ids", "security_group_ids"):
            for group in _nodes(stack, block.get(argument)):
                yield Arrow(group, node_id(address), line="---")
    for attachment in stack.of_type("aws_volume_attachment").values():
        yield from _between(stack, attachment, "volume_id", "instance_id", line="---")
    ports: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for rule in stack.of_type("aws_vpc_security_group_ingress_rule").values():
        (group,) = _nodes(stack, rule["security_group_id"])
        sources = _nodes(stack, rule.get("referenced_security_group_id"))
        for source in sources or [block_id(rule["cidr_ipv4"])]:
            ports.setdefault((source, group), set()).add((rule["from_port"], rule["to_port"]))
    for (source, group), opened in ports.items():
        ranges = (str(a) if a == b else f"{a}-{b}" for a, b in sorted(opened))
        yield Arrow(source, group, ", ".join(ranges))


def _share(stack: Stack) -> Iterator[Arrow]:
    for address, share in stack.of_type("aws_storagegateway_nfs_file_share").items():
        for client in share["client_list"]:
            yield Arrow(block_id(client), node_id(address), "NFS")
        for bucket in _nodes(stack, share["location_arn"]):
            yield Arrow(node_id(address), bucket)
    for address, part in stack.of_type(
        "aws_storagegateway_nfs_file_share", "aws_storagegateway_cache"
    ).items():
        for gateway in _nodes(stack, part["gateway_arn"]):
            yield Arrow(gateway, node_id(address), "gateway", "-.->")


def _parameters(stack: Stack) -> Iterator[Arrow]:
    for address, parameter in stack.of_type("aws_ssm_parameter").items():
        for node in _nodes(stack, parameter["value"]):
            yield Arrow(node, node_id(address), "name", "-.->")
