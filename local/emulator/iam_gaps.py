"""Close two gaps of the emulator's IAM.

- A rule on the default bus has no bus in its ARN
  (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html).
- A batch operation of SQS requires the permission for the operation on one message
  (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html).
"""

from __future__ import annotations

import re
from typing import Any

BATCH = re.compile(r"(sqs:\w+)Batch")


def mend_iam(actions: Any) -> None:
    """Make the emulator's module *actions* require the permissions that AWS requires."""
    resource_of, action_of = actions.extract_resource_arn, actions.extract_iam_action

    def extract_resource_arn(*request: Any, **options: Any) -> str:
        return str(resource_of(*request, **options)).replace(":rule/default/", ":rule/")

    def extract_iam_action(*request: Any, **options: Any) -> str | None:
        action: str | None = action_of(*request, **options)
        return BATCH.sub(r"\1", action) if action else action

    actions.extract_resource_arn = extract_resource_arn
    actions.extract_iam_action = extract_iam_action
