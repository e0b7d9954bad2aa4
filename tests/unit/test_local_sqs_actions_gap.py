"""local.emulator.sqs_actions_gap: the action that AWS decides on, under the emulator's own name."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest

from local.emulator.sqs_actions_gap import mend_sqs_actions


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
        ("SendMessageBatch", "sqs:SendMessage"),
        ("DeleteMessageBatch", "sqs:DeleteMessage"),
        ("ReceiveMessage", "sqs:ReceiveMessage"),
    ],
)
def test_a_batch_needs_the_action_of_one_message(operation: str, action: str) -> None:
    emulator = import_module("ministack.core.iam_actions")
    mended = SimpleNamespace(extract_iam_action=emulator.extract_iam_action)
    mend_sqs_actions(mended)
    headers = {"x-amz-target": f"AmazonSQS.{operation}"}
    assert mended.extract_iam_action("sqs", "POST", "/", headers, b"{}", {}) == action


def test_no_other_service_is_changed() -> None:
    mended = SimpleNamespace(extract_iam_action=lambda *_: "dynamodb:GetItemBatch")
    mend_sqs_actions(mended)
    assert mended.extract_iam_action() == "dynamodb:GetItemBatch"
