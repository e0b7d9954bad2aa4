"""A gap of the emulator's IAM closed: a rule on the default bus has no bus in its ARN.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
"""

from __future__ import annotations

from typing import Any


def mend_rule_arns(actions: Any) -> None:
    """Let the emulator's module *actions* ask for the right to a rule by the ARN that AWS has."""
    resource_of = actions.extract_resource_arn

    def extract_resource_arn(*request: Any, **options: Any) -> str:
        return str(resource_of(*request, **options)).replace(":rule/default/", ":rule/")

    actions.extract_resource_arn = extract_resource_arn
