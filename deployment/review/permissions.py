"""Changes of permissions: each policy statement that a plan adds, removes or changes, by its sid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deployment.review.expressions import blocks, refers_to
from deployment.review.finding import Danger, Hunk, attributes, dotted, title
from deployment.review.plan import Action, Change, Plan
from deployment.review.policies import Document, is_policy, of_permission, read_document, read_json
from deployment.review.statements import Pending, Statement, StatementChange, compare
from deployment.review.text import code, counted, on_one_line
from deployment.review.values import UNKNOWN, Path, Sensitive

DOCUMENT = "data.aws_iam_policy_document."
ARGUMENTS = {"policy", "assume_role_policy", "policy_document", "access_policy", "resource_policy"}
"""The names of arguments with policies. A text that is a policy counts in any argument."""
ECHOES = {("aws_s3_bucket", "policy"), ("aws_iam_role", "inline_policy")}
"""Arguments in which the provider repeats another resource's policy, unless the configuration sets them."""
TYPES = {
    "aws_lambda_permission",
    "aws_lambda_function_url",
    "aws_lambda_layer_version_permission",
    "aws_cloudwatch_event_permission",
    "aws_cloudwatch_log_resource_policy",
    "aws_kms_grant",
    "aws_s3_bucket_acl",
    "aws_s3_bucket_policy",
    "aws_sns_topic_policy",
    "aws_sqs_queue_policy",
    "aws_vpc_endpoint_policy",
}
"""The types, besides those of IAM, that consist of permissions only."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy before and after."""

    path: Path
    old: Document
    new: Document
    hidden: str = ""
    """The reason why the new policy cannot be read, or an empty text."""

    def differences(self) -> list[StatementChange]:
        """Compare the statements that can be read."""
        return [] if self.hidden else compare(self.old.statements, self.new.statements)


def is_about_permissions(change: Change) -> bool:
    """Return whether a resource consists of permissions only."""
    return change.type.startswith("aws_iam_") or change.type in TYPES


def hunks(change: Change, plan: Plan) -> Iterator[Hunk]:
    """Yield the statements that *change* changes and, for a resource of permissions only, all its changes."""
    found = policies(change, plan)
    lines = [line for policy in found for line in _lines(policy, several=len(found) > 1)]
    if is_about_permissions(change) and change.type != "aws_lambda_permission":
        lines += _others(change, [policy.path for policy in found])
    if lines:
        yield Hunk(title(change), tuple(lines))


def dangers(change: Change, plan: Plan) -> Iterator[Danger]:
    """Yield the statements that allow too much, and the denials that are removed."""
    for policy in policies(change, plan):
        if policy.hidden and change.action is not Action.DESTROY:
            yield Danger(
                change.address,
                f"its {code(dotted(policy.path))} cannot be read: {code(policy.hidden)}",
            )
        for each in policy.differences():
            yield from (Danger(change.address, text) for text in _judged(each))


def policies(change: Change, plan: Plan) -> list[Policy]:
    """Return the policies of a resource whose texts differ."""
    if change.type == "aws_lambda_permission":
        return [_permission(change)]
    return [_policy(path, *sides, change, plan) for path, sides in _texts(change).items()]


def _texts(change: Change) -> dict[Path, tuple[Any, Any]]:
    before, after = (dict(_whole(side)) for side in (change.before, change.after))
    found = {}
    for path in before | after:
        old, new = before.get(path), after.get(path)
        written = path[0] in change.expressions
        is_one = is_policy(old) or is_policy(new) or _documents(change, path)
        is_called_one = path[-1] in ARGUMENTS and (isinstance(new, Sensitive) or new == UNKNOWN)
        is_echo = (change.type, path[0]) in ECHOES or new == UNKNOWN
        if (is_one or is_called_one) and (written or not is_echo) and old != new:
            found[path] = (old, new)
    return found


def _whole(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the scalars of *value*; unlike ``leaves``, do not parse JSON in texts."""
    match value:
        case dict():
            for name, each in value.items():
                yield from _whole(each, (*path, name))
        case list():
            for number, each in enumerate(value):
                yield from _whole(each, (*path, str(number)))
        case _:
            yield path, value


def _documents(change: Change, path: Path) -> list[str]:
    written: Any = change.expressions.get(path[0])
    if len(path) == 3 and path[1].isdigit():  # the inline policy of a role
        number, inner = int(path[1]), blocks(change.expressions, path[0])
        written = inner[number].get(path[2]) if number < len(inner) else None
    return [
        each.removesuffix(".json")
        for each in refers_to(written)
        if each.startswith(DOCUMENT) and each.endswith(".json")
    ]


def _policy(path: Path, old: Any, new: Any, change: Change, plan: Plan) -> Policy:
    if isinstance(old, Sensitive) or isinstance(new, Sensitive):
        return Policy(path, Document(), Document(), "it is sensitive")
    before = read_json(old)
    if new != UNKNOWN:
        return Policy(path, before, read_json(new))
    planned = [plan.documents[each] for each in _documents(change, path) if each in plan.documents]
    documents = [read_document(each) for each in planned]
    if not any(each.statements for each in documents):
        return Policy(path, before, Document(), f"{UNKNOWN}, from {change.written_as(path[0])}")
    statements = tuple(one for each in documents for one in each.statements)
    unread = tuple(one for each in documents for one in each.unread)
    return Policy(path, before, Document(statements, unread))


def _permission(change: Change) -> Policy:
    sides = (
        of_permission(change.before, change, planned=False),
        of_permission(change.after, change, planned=True),
    )
    old, new = (Document((each,) if each else ()) for each in sides)
    return Policy(("policy",), old, new)


def _lines(policy: Policy, *, several: bool) -> Iterator[str]:
    differences = policy.differences()
    if policy.hidden:
        if policy.old.statements:
            present = counted(len(policy.old.statements), "statement")
            yield f"! {dotted(policy.path)} has {present} now; the new policy cannot be read: {policy.hidden}"
        else:
            yield f"! {dotted(policy.path)}: {policy.hidden}"
        return
    if several:
        yield f"  {dotted(policy.path)}:"
    for each in differences:
        yield from each.lines()
    yield from (f"! and more: {each}" for each in policy.new.unread)
    if not differences and not policy.new.unread:
        yield f"  {dotted(policy.path)}: its statements stay as they are"


def _others(change: Change, read: list[Path]) -> Iterator[str]:
    if change.action in {Action.CREATE, Action.DESTROY}:
        if read:
            return
        sign, values = (
            ("+", change.after) if change.action is Action.CREATE else ("-", change.before)
        )
        for name in ("role", "user", "group", "policy_arn", "permissions_boundary", "acl", "name"):
            if name in values and values[name] is not None:
                value = values[name]
                yield f"{sign} {name} = {change.written_as(name) if value == UNKNOWN else on_one_line(value)}"
        return
    yield from attributes(change, but=read)


def _judged(difference: StatementChange) -> Iterator[str]:
    old, new = difference.old, difference.new
    if old and old.effect == "Deny" and (new is None or new.effect != "Deny"):
        yield f"statement {code(old.label)} no longer denies {_actions(old)}"
    if old and new and old.effect == new.effect == "Deny" and not _follows(old, new):
        yield f"statement {code(new.label)}, which denies {_actions(new)}, is changed"
    if new and new.effect == "Allow":
        yield from (f"statement {code(new.label)} {text}" for text in _too_much(new, old))


def _follows(old: Statement, new: Statement) -> bool:
    """Return whether only the resource of a statement changes, as when a bucket is replaced."""
    rest = (old.parts | {"Resource": ()}) == (new.parts | {"Resource": ()})
    was, will_be = old.parts["Resource"], new.parts["Resource"]
    pending = all(isinstance(each, Pending) for each in will_be if each not in was)
    return rest and pending and len(was) == len(will_be)


def _too_much(new: Statement, old: Statement | None) -> Iterator[str]:
    """Yield the permissions of *new* that are wide and that *old* did not have."""
    before = old.parts if old and old.effect == "Allow" else {}
    added = [each for each in new.parts["Action"] if each not in before.get("Action", ())]
    for each in added:
        service, _, name = each.partition(":")
        if each == "*" or name == "*":
            yield f"allows every action{'' if each == '*' else f' of {code(service)}'}"
        elif service.lower() == "iam" and not name.lower().startswith(("get", "list")):
            yield f"allows {code(each)}, with which a principal can extend its own permissions"
    anybody = "*" in new.parts["Principal"]
    was_anybody = "*" in before.get("Principal", ()) and not before.get("Condition")
    if anybody and not new.parts["Condition"] and not was_anybody:
        yield "allows everybody, without a condition"
    for name in ("NotAction", "NotPrincipal", "NotResource"):
        if new.parts[name] and not before.get(name):
            yield f"has {name}: it applies to everything except what {name} lists"
    if before.get("Condition") and not new.parts["Condition"]:
        yield "no longer has a condition"


def _actions(statement: Statement) -> str:
    return (
        ", ".join(code(each) for each in statement.parts["Action"])
        or "every action except those in its NotAction"
    )
