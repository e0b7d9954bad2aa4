"""cloudsplaining on every IAM policy: what it lets its owner do beyond what it names.

https://cloudsplaining.readthedocs.io/en/latest/glossary/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.audit import tools
from tools.audit.audited import Audited
from tools.audit.errors import AuditError
from tools.audit.skips import Failure, judged
from tools.audit.stacks import Stack
from tools.audit.stand_ins import ACCOUNT, texts
from tools.audit.violation import Violation

KINDS = (
    "PrivilegeEscalation",
    "ResourceExposure",
    "CredentialsExposure",
    "DataExfiltration",
    "ServiceWildcard",
    "InfrastructureModification",
)
"""Every kind of finding counts, whatever severity cloudsplaining gives it."""
POLICIES = ("aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy")
UNREAD = {"inline_policy", "managed_policy_arns"}
NOTHING = {"Version": "2012-10-17", "Statement": []}


def find(audited: Audited) -> Iterator[Violation]:
    """Yield what a policy allows too much of."""
    folder = audited.scratch / "cloudsplaining"
    folder.mkdir()
    (folder / "account.json").write_text(json.dumps(account(audited.stacks)))
    tools.run(
        tools.VENV_AUDIT / "cloudsplaining",
        *("scan", "--input-file", "account.json", "--output", ".", "--skip-open-report"),
        cwd=folder,
    )
    answer = json.loads((folder / "iam-results-account.json").read_text(encoding="utf-8"))
    yield from judged(failures(answer), audited.skips(), owns=KINDS.__contains__)


def account(stacks: Sequence[Stack]) -> dict[str, Any]:
    """Write the policies as ``aws iam get-account-authorization-details`` would tell them.

    Each is the only one of a role that is called as the policy is addressed.
    """
    return {
        "UserDetailList": [],
        "GroupDetailList": [],
        "Policies": [],
        "RoleDetailList": [
            _role(f"{stack.name} {address}", number, text)
            for stack in stacks
            for number, (address, text) in enumerate(policies(stack))
        ],
    }


def policies(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield the address and the text of each policy of a user, group or role.

    Raises:
        AuditError: One cannot be read: then it cannot be judged either.
    """
    read = {
        address: text for address, argument, text in texts(stack.written) if argument == "policy"
    }
    for type_, resources in stack.written.get("resource", {}).items():
        for name, block in resources.items():
            address = f"{type_}.{name}"
            if not type_.startswith("aws_iam_"):
                continue
            if type_ in POLICIES:
                text = read.get(address, block["policy"])
                if "${" in text:
                    raise AuditError(f"{stack.name} {address}: the audit cannot read {text}")
                yield address, text
            elif type_.endswith("_attachment") or block.keys() & UNREAD:
                raise AuditError(f"{stack.name} {address}: policies are read as resources alone")


def _role(name: str, number: int, policy: str) -> dict[str, Any]:
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"{name} {number}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{number}",
        "CreateDate": "2020-01-01 00:00:00+00:00",
        "AssumeRolePolicyDocument": NOTHING,
        "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "policy", "PolicyDocument": json.loads(policy)}],
        "AttachedManagedPolicies": [],
        "Tags": [],
    }


def failures(answer: Mapping[str, Any]) -> Iterator[Failure]:
    """Yield each kind of finding of each policy once, with all that it found."""
    for policy in answer["inline_policies"].values():
        for role in policy["AttachedTo"]["roles"]:
            stack, address = role.split(" ")
            for kind in KINDS:
                if found := policy[kind]["findings"]:
                    yield Failure(stack, address, kind, ", ".join(map(_told, found)))


def _told(found: Any) -> str:
    """Privilege escalation comes with its name, the others as actions."""
    return f"{found['type']} ({', '.join(found['actions'])})" if isinstance(found, dict) else found
