"""Plans in Terraform's format, with as few resources as a test needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from deployment.review.findings import Findings, find
from deployment.review.plan import read_plan

Json = dict[str, Any]


def change(
    address: str,
    *actions: str,
    before: Json | None = None,
    after: Json | None = None,
    unknown: Json | None = None,
    secret: Json | None = None,
    secret_before: Json | None = None,
    replaced_for: Sequence[str] = (),
    **rest: Any,
) -> Json:
    """Return the change of one resource."""
    is_data = address.startswith("data.")
    return {
        "address": address,
        "mode": "data" if is_data else "managed",
        "type": address.removeprefix("data.").partition(".")[0],
        "change": {
            "actions": list(actions),
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
            "before_sensitive": secret_before or {},
            "after_sensitive": secret or {},
            **({"replace_paths": [[path] for path in replaced_for]} if replaced_for else {}),
        },
        **rest,
    }


def shown(
    *changes: Json,
    written: Mapping[str, Json] | None = None,
    outputs: Mapping[str, Json] | None = None,
    drift: Sequence[Json] = (),
    **rest: Any,
) -> Json:
    """Return a plan. *written* has the expressions of the configuration, by address."""
    return {
        "format_version": "1.2",
        "resource_changes": list(changes),
        "resource_drift": list(drift),
        "output_changes": dict(outputs or {}),
        "configuration": {
            "root_module": {
                "resources": [
                    {"address": address, "expressions": expressions}
                    for address, expressions in (written or {}).items()
                ]
            }
        },
        **rest,
    }


def found(*changes: Json, **rest: Any) -> Findings:
    """Return the findings in such a plan."""
    return find(read_plan(shown(*changes, **rest)))


def constant(value: Any) -> Json:
    """Return the expression of a constant."""
    return {"constant_value": value}


def referring(text: Any, *references: str) -> Json:
    """Return the expression of a text, or a list of texts, with references."""
    owners = [each.rpartition(".")[0] for each in references]
    return {"constant_value": text, "references": [*references, *owners]}


def policy(*statements: Json) -> str:
    """Return the text of a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(sid: str, action: Any, resource: Any = "*", **rest: Any) -> Json:
    """Return a statement that allows actions."""
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource, **rest}


def bucket_replaced(address: str = "aws_s3_bucket.reports") -> Json:
    """Return the change of a bucket that is replaced because its name changes."""
    return change(
        address,
        "delete",
        "create",
        before={"bucket": "old"},
        after={"bucket": "new"},
        replaced_for=["bucket"],
    )
