"""The local AWS asks for the rights that AWS asks for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from local.emulator.iam_gaps import mend_iam

EVENTS = "arn:aws:events:eu-west-1:123456789012"


@pytest.mark.parametrize(
    ("emulated", "on_aws"),
    [("rule/default/uploads", "rule/uploads"), ("rule/vault/uploads", "rule/vault/uploads")],
)
def test_a_rule_on_the_default_bus_has_no_bus_in_its_arn(emulated: str, on_aws: str) -> None:
    actions = SimpleNamespace(
        extract_resource_arn=lambda *_: f"{EVENTS}:{emulated}", extract_iam_action=None
    )
    mend_iam(actions)
    assert actions.extract_resource_arn("events") == f"{EVENTS}:{on_aws}"


@pytest.mark.parametrize(
    ("emulated", "on_aws"),
    [
        ("sqs:SendMessageBatch", "sqs:SendMessage"),
        ("dynamodb:BatchGetItem", "dynamodb:BatchGetItem"),
        (None, None),
    ],
)
def test_a_batch_of_messages_needs_the_right_to_one(
    emulated: str | None, on_aws: str | None
) -> None:
    actions = SimpleNamespace(extract_iam_action=lambda *_: emulated, extract_resource_arn=None)
    mend_iam(actions)
    assert actions.extract_iam_action("sqs") == on_aws
