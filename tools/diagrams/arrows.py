"""The arrows from one noun to another, for each connection in the JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.diagrams.nodes import DEFAULT_BUS, REMOTE, block_id, drawn, label, node_id, rules
from tools.diagrams.stack import Block, Stack
from tools.diagrams.states import definition_of, state_id

READING = re.compile(r"\w+:(Describe|Get|List|Query|Receive)")


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


def arrows(stack: Stack) -> Iterator[Arrow]:
    """Yield every arrow; the same one may occur twice."""
    for kind in (_events, _queues, _invocations, _permissions, _network, _share, _parameters):
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


def _events(stack: Stack) -> Iterator[Arrow]:
    for address, rule in rules(stack).items():
        for bus in _nodes(stack, rule.get("event_bus_name")) or [DEFAULT_BUS]:
            yield Arrow(bus, node_id(address))
        for source in _nodes(stack, rule.get("event_pattern")):
            yield Arrow(source, node_id(address), "events of", "-.->")
    for target in stack.of_type("aws_cloudwatch_event_target").values():
        yield from _between(stack, target, "rule", "arn")


def _queues(stack: Stack) -> Iterator[Arrow]:
    for address, queue in stack.of_type("aws_sqs_queue").items():
        redrive = json.loads(queue.get("redrive_policy", "{}"))
        for dead_letters in _nodes(stack, redrive):
            tries = f"{redrive['maxReceiveCount']} tries"
            yield Arrow(node_id(address), dead_letters, tries, "-.->")
    for mapping in stack.of_type("aws_lambda_event_source_mapping").values():
        yield from _between(stack, mapping, "event_source_arn", "function_name")


def _invocations(stack: Stack) -> Iterator[Arrow]:
    for address, machine in stack.of_type("aws_sfn_state_machine").items():
        for name, state in definition_of(machine)["States"].items():
            for function in _nodes(stack, state.get("Parameters", state.get("ItemProcessor"))):
                yield Arrow(state_id(node_id(address), name), function, "invokes")
    for config in stack.of_type("aws_lambda_function_event_invoke_config").values():
        yield from _between(stack, config, "function_name", "destination_config", "failed", "-.->")


def _permissions(stack: Stack) -> Iterator[Arrow]:
    """Yield the reads and writes of functions and instances that their roles allow."""
    bearers: dict[str, str] = {}
    for address, block in stack.of_type("aws_lambda_function", "aws_instance").items():
        for role in stack.references(block.get("role")):
            bearers[role] = node_id(address)
        for profile in stack.references(block.get("iam_instance_profile")):
            for role in stack.references(stack.blocks[profile]["role"]):
                bearers[role] = node_id(address)
    does: dict[tuple[str, str], set[bool]] = {}
    for policy in stack.of_type("aws_iam_role_policy").values():
        (role,), (document,) = (stack.references(policy[name]) for name in ("role", "policy"))
        for statement in stack.blocks[document]["statement"] if role in bearers else ():
            for node in _nodes(stack, statement["resources"]):
                reads = {READING.match(action) is not None for action in statement["actions"]}
                does.setdefault((bearers[role], node), set()).update(reads)
    for (bearer, node), reads in does.items():
        if reads == {True}:
            yield Arrow(node, bearer)
        else:
            yield Arrow(bearer, node, line="<-->" if True in reads else "-->")


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
