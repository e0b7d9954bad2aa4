"""The nodes of a diagram: the drawn resources of a stack in their shapes, and the frames of networks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tools.diagrams.stack import Block, Stack, short, type_of

NOUNS = {
    "aws_cloudwatch_event_bus": ("event bus", "{{%s}}"),
    "aws_cloudwatch_event_rule": ("rule", ">%s]"),
    "aws_dynamodb_table": ("table", "[(%s)]"),
    "aws_ebs_volume": ("volume", "[(%s)]"),
    "aws_instance": ("instance", "[%s]"),
    "aws_kms_key": ("key", "(%s)"),
    "aws_lambda_function": ("function", "[[%s]]"),
    "aws_s3_bucket": ("bucket", "[(%s)]"),
    "aws_security_group": ("security group", "{{%s}}"),
    "aws_sqs_queue": ("queue", "[/%s/]"),
    "aws_ssm_parameter": ("parameter", "(%s)"),
    "aws_storagegateway_cache": ("cache disk", "[(%s)]"),
    "aws_storagegateway_nfs_file_share": ("file share", "[%s]"),
    "aws_vpc_endpoint": ("endpoint", "([%s])"),
    "data.aws_ssm_parameters_by_path": ("parameters", "(%s)"),
}
"""The word for each type, and its shape."""
FRAMES = {"aws_vpc": "VPC", "aws_subnet": "subnet"}
MACHINE = "aws_sfn_state_machine"
"""A state machine is drawn as the frame of its states."""
REMOTE = "data.terraform_remote_state."
"""The outputs of other stacks are drawn where they are used."""
DEFAULT_BUS = "default_bus"


def drawn(address: str) -> bool:
    """Return whether an arrow can begin or end at *address*."""
    return type_of(address) in {*NOUNS, MACHINE} or address.startswith(REMOTE)


def nodes(stack: Stack) -> Iterator[str]:
    """Yield the lines for all drawn resources except states and the outputs of other stacks."""
    if any("event_bus_name" not in rule for rule in rules(stack).values()):
        yield f"{DEFAULT_BUS}{{{{{label('default event bus')}}}}}"
    yield from _inside(stack, None)
    own = {vpc["cidr_block"] for vpc in stack.of_type("aws_vpc").values()}
    yield from (_block(cidr) for cidr in _opened_to(stack) if cidr not in own)


def rules(stack: Stack) -> dict[str, Block]:
    """Return the rules of EventBridge, by address."""
    return stack.of_type("aws_cloudwatch_event_rule")


def _inside(stack: Stack, frame: str | None) -> Iterator[str]:
    for address, block in stack.blocks.items():
        if _frame(stack, address, block) != frame:
            continue
        type_ = type_of(address)
        if type_ in NOUNS:
            word, shape = NOUNS[type_]
            yield node_id(address) + shape % label(title(address, block), word)
        elif type_ in FRAMES:
            text = label(f"{FRAMES[type_]} {short(address)} {block['cidr_block']}")
            yield f"subgraph {node_id(address)} [{text}]"
            yield from (f"  {line}" for line in _inside(stack, address))
            if type_ == "aws_vpc" and block["cidr_block"] in _opened_to(stack):
                yield f"  {_block(block['cidr_block'])}"
            yield "end"


def _opened_to(stack: Stack) -> list[str]:
    """Return the CIDR blocks to which a security group or a share is open."""
    groups = stack.of_type("aws_vpc_security_group_ingress_rule").values()
    shares = stack.of_type("aws_storagegateway_nfs_file_share").values()
    blocks = [rule["cidr_ipv4"] for rule in groups if rule.get("cidr_ipv4")]
    return list(dict.fromkeys(blocks + [each for share in shares for each in share["client_list"]]))


def _block(cidr: str) -> str:
    return f"{block_id(cidr)}({label(cidr)})"


def _frame(stack: Stack, address: str, block: Block) -> str | None:
    """Return the address of the subnet or VPC of a resource."""
    for attachment in stack.of_type("aws_volume_attachment").values():
        if address in stack.references(attachment["volume_id"]):
            (instance,) = stack.references(attachment["instance_id"])
            return _frame(stack, instance, stack.blocks[instance])
    for argument in ("subnet_id", "subnet_ids", "vpc_id"):
        for container in stack.references(block.get(argument)):
            if type_of(container) in FRAMES:
                return container
    return None


def title(address: str, block: Block) -> str:
    """Return the title of a node: its events or its service, or else its name in the code."""
    if pattern := block.get("event_pattern"):
        return str(" or ".join(json.loads(pattern)["detail-type"]))
    if service := block.get("service_name"):
        return str(service.rpartition(".")[2])
    return str(block.get("path") or short(address))


def node_id(address: str) -> str:
    """Return the id of a node, which is stable and no keyword of Mermaid."""
    return re.sub(r"\W", "_", f"{type_of(address)}.{short(address)}").removeprefix("aws_")


def block_id(cidr: str) -> str:
    """Return the id of a CIDR block."""
    return "from_" + re.sub(r"\W", "_", cidr)


def label(*lines: str) -> str:
    """Return the label of *lines*; in Mermaid, a quote is an entity."""
    return '"' + "<br>".join(line.replace('"', "#quot;") for line in lines) + '"'
