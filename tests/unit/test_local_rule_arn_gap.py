"""A rule on the default bus has no bus in its ARN, and one on another bus has it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from local.emulator.rule_arn_gap import mend_rule_arns

EVENTS = "arn:aws:events:eu-west-1:123456789012"


@pytest.mark.parametrize(
    ("emulated", "on_aws"),
    [("rule/default/uploads", "rule/uploads"), ("rule/vault/uploads", "rule/vault/uploads")],
)
def test_a_rule_has_the_arn_that_policies_name(emulated: str, on_aws: str) -> None:
    actions = SimpleNamespace(extract_resource_arn=lambda *_: f"{EVENTS}:{emulated}")
    mend_rule_arns(actions)
    assert actions.extract_resource_arn("events") == f"{EVENTS}:{on_aws}"
