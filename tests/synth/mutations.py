"""Generate stacks with one error in their policies, for each kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.synth.iam_requests import OTHER_SERVICE, similar
from tests.synth.spelled import Spelled
from tests.synth.template import Block

ATTACHED = {
    "aws_cloudwatch_log_resource_policy",
    "aws_iam_role_policy",
    "aws_lambda_permission",
    "aws_s3_bucket_policy",
}
"""Resources that consist of a policy only."""
ON_QUEUES = ("policy", "redrive_allow_policy")


def mutations(stack: Spelled) -> Iterator[tuple[str, Spelled]]:
    """Yield each stack that differs from *stack* in one error, with a description of the error."""
    for name, statements in stack.policies.items():
        for number, block in enumerate(statements):
            for what, changed in _slips(block):
                others = statements[:number], statements[number + 1 :]
                wrong = [*others[0], *([changed] if changed else []), *others[1]]
                policies = {**stack.policies, name: wrong}
                yield f"{name}, {block['sid']}: {what}", replace(stack, policies=policies)
    for type_ in ATTACHED:
        for name in stack.of(type_):
            yield f"{name} is not attached", _with(stack, type_, name, None)
    for name, permission in stack.of("aws_lambda_permission").items():
        for what, changed in _slips_of_permission(permission):
            yield f"{name}: {what}", _with(stack, "aws_lambda_permission", name, changed)
    for name, queue in stack.of("aws_sqs_queue").items():
        for attribute in set(queue) & set(ON_QUEUES):
            rest = {key: value for key, value in queue.items() if key != attribute}
            yield f"{name} without {attribute}", _with(stack, "aws_sqs_queue", name, rest)


def _slips(block: Block) -> Iterator[tuple[str, Block | None]]:
    """Yield every error in a statement; None stands for its removal."""
    refuses = block.get("effect") == "Deny"
    yield "forgotten", None
    yield "turned round", block | {"effect": "Allow" if refuses else "Deny"}
    for what, wrong in _in_list(block["actions"]):
        yield f"action {what}", block | {"actions": wrong}
    for number, action in enumerate(block["actions"]):
        wider = "s3:GetObject" if refuses else f"{action.partition(':')[0]}:*"
        yield f"{action} is {wider}", block | {"actions": _put(block["actions"], number, wider)}
    yield from _slips_in_resources(block, refuses=refuses)
    for principals in block.get("principals", []):
        for what, wrong in _in_list(principals["identifiers"]):
            yield f"principal {what}", block | {"principals": [principals | {"identifiers": wrong}]}
        other: Block = {"type": "Service", "identifiers": [OTHER_SERVICE]}
        anybody: Block = {"type": "*", "identifiers": ["*"]}
        wrongs = [[other]] if refuses else [[other], [principals, other], [anybody]]
        for wrong in wrongs:
            yield f"principals are {wrong}", block | {"principals": wrong}
    for condition in block.get("condition", []):
        yield "unconditional", {key: value for key, value in block.items() if key != "condition"}
        for what, wrong in _in_list(condition["values"]):
            yield f"condition {what}", block | {"condition": [condition | {"values": wrong}]}
        for number, value in enumerate(condition["values"]):
            wrong = _put(condition["values"], number, "true" if value == "false" else f"{value}*")
            yield f"{value} is another", block | {"condition": [condition | {"values": wrong}]}


def _slips_in_resources(block: Block, *, refuses: bool) -> Iterator[tuple[str, Block]]:
    resources = block.get("resources", [])
    for what, wrong in _in_list(resources):
        yield f"resource {what}", block | {"resources": wrong}
    for number, resource in enumerate(resources):
        other = similar(resource) if resource != "*" else "arn:aws:xray:REGION:ACCOUNT:group/one"
        yield f"{resource} is another", block | {"resources": _put(resources, number, other)}
        if resource != "*" and not refuses:
            for wider in ("*", _wider(resource)):
                put = _put(resources, number, wider)
                yield f"{resource} is {wider}", block | {"resources": put}


def _slips_of_permission(block: Block) -> Iterator[tuple[str, Block]]:
    yield "for any source", {key: value for key, value in block.items() if key != "source_arn"}
    yield "for a wider source", block | {"source_arn": f"{block['source_arn']}*"}
    yield "for another service", block | {"principal": OTHER_SERVICE}
    yield "for another function", block | {"function_name": similar(block["function_name"])}
    yield "for another action", block | {"action": "lambda:GetFunction"}


def _wider(pattern: str) -> str:
    """Return a pattern that matches more: shorter before its first *, or with a * at its end."""
    fixed, star, rest = pattern.partition("*")
    return f"{fixed}*" if rest else f"{fixed.rstrip('/:') if star else fixed}*"


def _in_list(values: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the list without each of its values, unless the result is empty."""
    if len(values) > 1:
        for number, value in enumerate(values):
            yield f"{value} forgotten", values[:number] + values[number + 1 :]


def _put(values: list[Any], number: int, value: Any) -> list[Any]:
    return [*values[:number], value, *values[number + 1 :]]


def _with(stack: Spelled, type_: str, name: str, block: Block | None) -> Spelled:
    rest = {key: value for key, value in stack.of(type_).items() if key != name}
    named = rest if block is None else {**rest, name: block}
    return replace(stack, resources={**stack.resources, type_: named})
