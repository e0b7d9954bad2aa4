"""Replace the references in a stack by the names and ARNs of the deployed resources.

A reference to a value that is known only after creation (a VPC's id) stays; two such references are
equal if they refer to the same value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.synth.template import Block, Template, referred
from tools.audit.arns import ARNS

REFERENCE = re.compile(r"\$\{(aws_\w+)\.(\w+)\.(\w+)\}")
IDS = {"aws_s3_bucket": "bucket", "aws_iam_role": "name"}
"""By type: the argument that Terraform's attribute ``id`` equals."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """The resources of a stack and the statements of its policies, with all ARNs written out."""

    resources: dict[str, dict[str, Block]]
    """By type, then by name."""
    policies: dict[str, list[Block]]
    """The statements of each document, by its name."""

    def of(self, type_: str) -> dict[str, Block]:
        """Return the resources of a type by name."""
        return self.resources.get(type_, {})

    def arns(self, *types: str) -> dict[str, str]:
        """Return the addresses of the resources of these types, or of all with an ARN, by ARN."""
        return {
            _arn(self.resources, type_, name): f"{type_}.{name}"
            for type_ in types or ARNS
            for name in self.of(type_)
        }

    def statements(self, reference: str) -> list[Block]:
        """Return the statements of the document that a policy refers to."""
        return self.policies[referred(reference).removeprefix("aws_iam_policy_document.")]


def spelled(template: Template) -> Spelled:
    """Replace every reference in a stack."""
    resources = {type_: template.resources(type_) for type_ in template.written.get("resource", {})}
    for bucket in resources.get("aws_s3_bucket", {}).values():
        if "bucket_prefix" in bucket:
            bucket.setdefault("bucket", f"{bucket['bucket_prefix']}SUFFIX")
    documents = template.written.get("data", {}).get("aws_iam_policy_document", {})
    assert all(set(each) <= {"//", "statement"} for each in documents.values()), "More than spelled"
    policies = template.policies() if documents else {}
    return Spelled(_spelled(resources, resources), _spelled(policies, resources))


def _spelled(value: Any, resources: Mapping[str, Mapping[str, Block]]) -> Any:
    def attribute(reference: re.Match[str]) -> str:
        type_, name, wanted = reference.groups()
        if wanted == "arn" and type_ in ARNS:
            return _arn(resources, type_, name)
        known = resources[type_][name].get(IDS.get(type_, "") if wanted == "id" else wanted)
        return known if isinstance(known, str) else reference[0]

    text = json.dumps(value)
    while text != (text := REFERENCE.sub(attribute, text)):
        pass
    return json.loads(text)


def _arn(resources: Mapping[str, Mapping[str, Block]], type_: str, name: str) -> str:
    block = resources[type_][name]
    bus = f"{block['event_bus_name']}/" if "event_bus_name" in block else ""
    parameter = block.get("name", "").removeprefix("/")
    ours = {"region": "REGION", "account": "ACCOUNT", "bus": bus, "name_below_root": parameter}
    return ARNS[type_].format_map({**block, **ours})
