"""The forms of a policy in a plan: JSON text, a policy document data source, a Lambda permission."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployment.review.expressions import blocks
from deployment.review.plan import Change
from deployment.review.statements import WORDS, Statement, nested, principal
from deployment.review.values import UNKNOWN, Sensitive, Unknown, parsed

SERVICES = (".amazonaws.com", ".amazonaws.com.cn")


@dataclass(frozen=True, slots=True)
class Document:
    """The parts of a policy that can be read."""

    statements: tuple[Statement, ...] = ()
    unread: tuple[str, ...] = ()
    """Descriptions of the parts that cannot be read."""


def read_json(text: Any) -> Document:
    """Read the JSON text of a policy."""
    policy = parsed(text) if isinstance(text, str) else None
    if not isinstance(policy, dict):
        return Document()
    written = policy.get("Statement", [])
    each = [written] if isinstance(written, dict) else written
    return Document(tuple(Statement.of_json(one) for one in each if isinstance(one, dict)))


def read_document(document: Change) -> Document:
    """Read a ``data.aws_iam_policy_document`` that Terraform reads only during the apply.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
    """
    after = document.after
    unread = []
    statements: list[Statement] = []

    def others(argument: str) -> Iterator[Statement]:
        texts = after.get(argument)
        for number, text in enumerate(texts if isinstance(texts, list) else [texts]):
            if isinstance(text, str):
                yield from read_json(text).statements
            elif text is not None:
                unread.append(f"{argument} {number}: {document.written_as(argument)}")

    for argument in ("source_json", "source_policy_documents"):
        statements += others(argument)
    given = after.get("statement")
    if isinstance(given, Unknown | Sensitive):
        unread.append(f"statements {given}")
    written = blocks(document.expressions, "statement")
    for number, each in enumerate(nested(given) if isinstance(given, list) else []):
        statements.append(
            Statement.of_block(each, written[number] if number < len(written) else {})
        )
    for argument in ("override_policy_documents", "override_json"):
        for override in others(argument):
            statements = [each for each in statements if not each.sid or each.sid != override.sid]
            statements.append(override)
    return Document(tuple(statements), tuple(unread))


def of_permission(values: Mapping[str, Any], change: Change, *, planned: bool) -> Statement | None:
    """Read ``aws_lambda_permission``, which is one statement of a function's policy."""
    if not values:
        return None

    def value(name: str) -> str:
        given = values.get(name)
        if planned and given == UNKNOWN:
            return change.written_as(name) if name in change.expressions else ""
        return "" if given is None else str(given)

    function, qualifier = value("function_name"), value("qualifier")
    conditions = {
        "ArnLike AWS:SourceArn": value("source_arn"),
        "StringEquals AWS:SourceAccount": value("source_account"),
        "StringEquals aws:PrincipalOrgID": value("principal_org_id"),
        "StringEquals lambda:FunctionUrlAuthType": value("function_url_auth_type"),
    }
    who = value("principal")
    kind = "Service" if who.endswith(SERVICES) else "AWS"
    parts = dict.fromkeys(WORDS, ()) | {
        "Action": (value("action"),),
        "Resource": (f"function {function}" + (f":{qualifier}" if qualifier else ""),),
        "Principal": (principal(kind, who),),
        "Condition": tuple(f"{key} = {value}" for key, value in conditions.items() if value),
    }
    return Statement(value("statement_id"), "Allow", parts)


def is_policy(value: Any) -> bool:
    """Return whether a text is a policy document."""
    return isinstance(value, str) and '"Statement"' in value and bool(read_json(value).statements)
