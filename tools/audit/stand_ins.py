"""Placeholders for values that exist only after the deployment.

A plan does not know a policy that names a bucket to be created, and a check ignores unknown values.
The synthesised configuration has the policy; with a placeholder of the right form for each
reference, its whole text can be checked.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tools.audit.arns import ARNS, UNNAMED_ARNS
from tools.audit.errors import AuditError

Block = dict[str, Any]

ACCOUNT = "123456789012"
REGION = "eu-west-1"
REFERENCE = re.compile(r"\$\{([^{}]*)\}")
ATTRIBUTE = re.compile(r"(?:data\.)?(\w+)\.(\w+)\.(\w+)")
DATA = {
    "aws_caller_identity.account_id": ACCOUNT,
    "aws_partition.partition": "aws",
    "aws_partition.dns_suffix": "amazonaws.com",
    "aws_region.name": REGION,
}
FORMS = {**ARNS, **UNNAMED_ARNS}
DOCUMENT = re.compile(r"\$\{data\.aws_iam_policy_document\.(\w+)\.(?:minified_)?json\}")


def stand_in(reference: str) -> str:
    """Return a placeholder for the inside of one ``${...}``.

    Raises:
        AuditError: It is an ARN of an unknown format; a check would read a text that IAM never
            receives.
    """
    attributes = ATTRIBUTE.fullmatch(reference)
    if not attributes:
        return "stand-in"
    type_, name, attribute = attributes.groups()
    if example := DATA.get(f"{type_}.{attribute}"):
        return example
    if attribute == "arn" or attribute.endswith("_arn"):
        form = FORMS.get(type_) if attribute == "arn" else None
        if form is None:
            raise AuditError(
                f"The audit has no format for {attribute} of {type_}: add it to tools/audit/arns.py"
            )
        return form.format_map(defaultdict(lambda: name, region=REGION, account=ACCOUNT, bus=""))
    return f"{name}-{attribute}"


def filled(value: Any) -> Any:
    """Return *value* with every reference in it replaced."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: stand_in(found[1]), value)
    if isinstance(value, list):
        return [filled(each) for each in value]
    if isinstance(value, dict):
        return {key: filled(each) for key, each in value.items() if key != "//"}
    return value


def documents(written: Mapping[str, Any]) -> dict[str, Block]:
    """Return the policy documents of a synthesised stack in IAM's JSON form, by name.

    Raises:
        AuditError: A document refers to other documents, or has another unsupported argument.
    """
    blocks = written.get("data", {}).get("aws_iam_policy_document", {})
    for name, block in blocks.items():
        if others := block.keys() - {"statement", "version", "//"}:
            raise AuditError(f"The audit cannot read {', '.join(sorted(others))} of {name}")
    return {
        name: {
            "Version": "2012-10-17",
            "Statement": [_statement(filled(each)) for each in block.get("statement", [])],
        }
        for name, block in blocks.items()
    }


def _statement(block: Block) -> Block:
    statement: Block = {"Effect": block.get("effect", "Allow")}
    for ours, theirs in {
        "sid": "Sid",
        "actions": "Action",
        "not_actions": "NotAction",
        "resources": "Resource",
        "not_resources": "NotResource",
    }.items():
        if block.get(ours):
            statement[theirs] = block[ours]
    for ours, theirs in {"principals": "Principal", "not_principals": "NotPrincipal"}.items():
        if block.get(ours):
            statement[theirs] = _principals(block[ours])
    for condition in block.get("condition", []):
        test = statement.setdefault("Condition", {}).setdefault(condition["test"], {})
        test[condition["variable"]] = condition["values"]
    return statement


def _principals(blocks: list[Block]) -> str | dict[str, list[str]]:
    """Return principals in IAM's JSON form, in which a wildcard is a text.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if any(block["type"] == "*" for block in blocks):
        return "*"
    return {block["type"]: block["identifiers"] for block in blocks}


def texts(written: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (address, argument, text) of all JSON texts: policies and definitions.

    A text that is not valid JSON is yielded as well; its reader raises the error.
    """
    named = documents(written)
    for type_, resources in written.get("resource", {}).items():
        for name, block in resources.items():
            for argument, value in block.items():
                if not isinstance(value, str):
                    continue
                if document := DOCUMENT.fullmatch(value):
                    yield f"{type_}.{name}", argument, json.dumps(named[document[1]])
                elif value.lstrip().startswith(("{", "[")) and "${" in value:
                    yield f"{type_}.{name}", argument, filled(value)


def known(plan: Mapping[str, Any], written: Mapping[str, Any]) -> Block:
    """Return *plan* with texts in place of unknown values."""
    made: Block = json.loads(json.dumps(plan))
    planned = {
        each["address"]: each.setdefault("values", {})
        for each in made.get("planned_values", {}).get("root_module", {}).get("resources", [])
    }
    changes = {each["address"]: each["change"] for each in made.get("resource_changes", [])}
    for address, argument, text in texts(written):
        change = changes[address]
        if change.get("after_unknown", {}).get(argument) is True:
            del change["after_unknown"][argument]
            change["after"][argument] = planned[address][argument] = text
    return made
