"""Evaluate IAM requests by the policies of a stack.

The rules are those for requests within one account, without permission boundaries and policies of
an organisation. Unknown elements raise an error.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.synth.spelled import Spelled
from tests.synth.template import Block, referred

ASSUME = "sts:AssumeRole"
REDRIVE = "sqs:(redrive)"
"""SQS's move of a message by a redrive allow policy: not an IAM action, but decided in the same way."""
ON_A_RESOURCE = {
    "aws_sqs_queue": ("policy", None),
    "aws_sns_topic_policy": ("policy", "{arn}"),
    "aws_s3_bucket_policy": ("policy", "arn:aws:s3:::{bucket}"),
    "aws_iam_role": ("assume_role_policy", None),
    "aws_cloudwatch_log_resource_policy": ("policy_document", "arn:aws:logs:REGION:ACCOUNT"),
}
"""By type: the attribute with a policy, and the resource that it applies to if that is another one."""
KNOWN = {
    *("sid", "effect", "actions", "resources", "principals", "condition"),
    *("principal_type", "holder"),
}


@dataclass(frozen=True, slots=True, order=True)
class Request:
    """One request to AWS and its principal."""

    principal: str
    """A service's name, or a role's ARN."""
    action: str
    resource: str
    source: str = ""
    """The resource for which a service acts: ``aws:SourceArn``."""
    tls: bool = True

    def key(self, name: str) -> str | None:
        """Return the value of a condition key, or None if the request has none."""
        values = {
            "aws:sourcearn": self.source or None,
            "aws:sourceaccount": self.source.split(":")[4] if self.source else None,
            "aws:securetransport": str(self.tls).lower(),
        }
        return values[name.lower()]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a policy, and the role or resource of the policy."""

    holder: str
    """The ARN of the role whose permissions it gives, or of the resource that it belongs to."""
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...] | None = None
    """Types and identifiers; None in a role's own policy."""
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Operator, key and values."""

    def is_about(self, action: str, resource: str) -> bool:
        """Return whether the statement covers an action on a resource, for any principal."""
        within = resource == self.holder or resource.startswith(
            (f"{self.holder}/", f"{self.holder}:")
        )
        if self.principals is not None and not within:
            return False
        return any(fits(each.lower(), action.lower()) for each in self.actions) and any(
            fits(each, resource) for each in self.resources
        )

    def is_of(self, request: Request) -> bool:
        """Return whether the statement covers the request's principal, and its conditions hold."""
        if self.principals is None:
            return request.principal == self.holder and self._holds(request)
        return any(_is(each, request.principal) for each in self.principals) and self._holds(
            request
        )

    def _holds(self, request: Request) -> bool:
        return all(
            _compare(operator, values, request.key(key))
            for operator, key, values in self.conditions
        )


@dataclass(frozen=True, slots=True)
class Policies:
    """All statements of a stack."""

    statements: tuple[Statement, ...]

    def about(self, action: str, resource: str) -> list[Statement]:
        """Return the statements that cover an action on a resource, for any principal."""
        return [each for each in self.statements if each.is_about(action, resource)]

    def allow(self, request: Request) -> bool:
        """Return whether AWS allows the request."""
        return decide(self.about(request.action, request.resource), request)


def decide(about: list[Statement], request: Request) -> bool:
    """Decide by the statements *about* the request's action and resource: an allow, and no deny.

    Only a role's own trust policy decides who may assume it, whatever else the caller may do.
    """
    apply = [each for each in about if each.is_of(request)]
    permitting = [each for each in apply if request.action != ASSUME or each.principals is not None]
    return any(each.allows for each in permitting) and all(each.allows for each in apply)


def policies_of(stack: Spelled) -> Policies:
    """Read every policy of a stack."""
    return Policies(tuple(_statements(stack)))


def not_evaluated(stack: Spelled) -> set[str]:
    """Return the documents and policies that are attached in ways that this module does not know."""
    known = {"aws_iam_role_policy": ("policy", None), **ON_A_RESOURCE}
    attached = {
        referred(block[attribute]).removeprefix("aws_iam_policy_document.")
        for type_, (attribute, _) in known.items()
        for block in stack.of(type_).values()
        if attribute in block
    }
    types = {
        type_
        for type_ in stack.resources
        if type_.endswith(("_policy", "_policy_attachment", "_permission"))
    }
    return set(stack.policies) - attached | types - {*known, "aws_lambda_permission"}


def _statements(stack: Spelled) -> Iterator[Statement]:
    for type_, (attribute, elsewhere) in ON_A_RESOURCE.items():
        arns = {address: arn for arn, address in stack.arns(type_).items()} if not elsewhere else {}
        for name, block in stack.of(type_).items():
            holder = elsewhere.format_map(block) if elsewhere else arns[f"{type_}.{name}"]
            for each in stack.statements(block[attribute]) if attribute in block else ():
                yield read(each, holder, on_resource=True)
    roles = {
        stack.resources["aws_iam_role"][address.partition(".")[2]]["name"]: arn
        for arn, address in stack.arns("aws_iam_role").items()
    }
    for block in stack.of("aws_iam_role_policy").values():
        for each in stack.statements(block["policy"]):
            yield read(each, roles[block["role"]], on_resource=False)
    for block in stack.of("aws_lambda_permission").values():
        yield _invocation(block)
    for arn, address in stack.arns("aws_sqs_queue").items():
        yield from _redrive(arn, stack.of("aws_sqs_queue")[address.partition(".")[2]])


def read(block: Block, holder: str, *, on_resource: bool) -> Statement:
    """Read a statement of a document, with Terraform's defaults."""
    unknown = set(block) - KNOWN
    assert not unknown, f"{unknown} of {block.get('sid')} are not evaluated"
    assert on_resource is ("principals" in block), f"{block.get('sid')} is in the wrong place"
    texts = json.dumps(block)
    assert "&{" not in texts, f"{block.get('sid')} has policy variables, which are not evaluated"
    return Statement(
        holder=holder,
        allows={"Allow": True, "Deny": False}[block.get("effect", "Allow")],
        actions=tuple(block["actions"]),
        resources=tuple(block.get("resources", [holder])),
        principals=tuple(
            (each["type"], identifier)
            for each in block["principals"]
            for identifier in each["identifiers"]
        )
        if on_resource
        else None,
        conditions=tuple(
            (each["test"], each["variable"], tuple(each["values"]))
            for each in block.get("condition", [])
        ),
    )


def _invocation(permission: Block) -> Statement:
    """Return the statement that Lambda's AddPermission adds to a function's policy."""
    function = f"arn:aws:lambda:REGION:ACCOUNT:function:{permission['function_name']}"
    asked = {"source_arn": ("ArnLike", "aws:SourceArn")}
    asked["source_account"] = ("StringEquals", "aws:SourceAccount")
    unknown = set(permission) - {*asked, "function_name", "action", "principal", "statement_id"}
    assert not unknown, f"{unknown} of a permission are not evaluated"
    return Statement(
        holder=function,
        allows=True,
        actions=(permission["action"],),
        resources=(function,),
        principals=(("Service", permission["principal"]),),
        conditions=tuple(
            (*how, (permission[name],)) for name, how in asked.items() if name in permission
        ),
    )


def _redrive(queue: str, block: Block) -> Iterator[Statement]:
    """Yield the permission of SQS to move messages into *queue*; by default from any queue of the account.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    policy = json.loads(block.get("redrive_allow_policy", '{"redrivePermission": "allowAll"}'))
    sources = {
        "allowAll": ["arn:aws:sqs:REGION:ACCOUNT:*"],
        "byQueue": policy.get("sourceQueueArns", []),
        "denyAll": [],
    }[policy["redrivePermission"]]
    if sources:
        yield Statement(
            holder=queue,
            allows=True,
            actions=(REDRIVE,),
            resources=(queue,),
            principals=(("Service", "sqs.amazonaws.com"),),
            conditions=(("ArnLike", "aws:SourceArn", tuple(sources)),),
        )


def _is(principal: tuple[str, str], caller: str) -> bool:
    match principal:
        case ("*" | "AWS", "*"):
            return True
        case ("Service", name) if "*" not in name:
            return name == caller
        case ("AWS", arn) if ":role/" in arn and "*" not in arn:
            return arn == caller
    raise NotImplementedError(f"The principal {principal} is not evaluated")


def _compare(operator: str, wanted: tuple[str, ...], value: str | None) -> bool:
    """Compare as IAM does: a condition on a missing key is false.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    match operator:
        case "ArnEquals" | "ArnLike":
            return value is not None and any(_arn_fits(each, value) for each in wanted)
        case "StringLike":
            return value is not None and any(fits(each, value) for each in wanted)
        case "StringEquals":
            return value in wanted
        case "Bool":
            return value is not None and value.lower() in {each.lower() for each in wanted}
    raise NotImplementedError(f"The condition operator {operator} is not evaluated")


def _arn_fits(pattern: str, arn: str) -> bool:
    """Compare the six parts of two ARNs separately."""
    parts, values = pattern.split(":", 5), arn.split(":", 5)
    return len(parts) == len(values) and all(map(fits, parts, values))


@cache
def fits(pattern: str, text: str) -> bool:
    """Return whether *text* matches *pattern*, in which * and ? are wildcards."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(each) or re.escape(each) for each in pattern), re.DOTALL)
