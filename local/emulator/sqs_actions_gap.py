"""A gap of the emulator's IAM closed: it asks a role for actions of SQS that AWS does not have.

AWS decides on a batch by the action of one message.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
"""

from __future__ import annotations

import re
from typing import Any

OF_A_BATCH = re.compile(r"(sqs:\w+)Batch")


def mend_sqs_actions(actions: Any) -> None:
    """Let the emulator's module *actions* name the action that AWS decides on."""
    extract = actions.extract_iam_action

    def as_aws_does(*arguments: Any) -> str | None:
        action: str | None = extract(*arguments)
        batch = OF_A_BATCH.fullmatch(action or "")
        return batch[1] if batch else action

    actions.extract_iam_action = as_aws_does
