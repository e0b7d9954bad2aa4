"""Close a gap of the emulator's EventBridge: it never retries when a rule's function fails.

On AWS the invocation is asynchronous: Lambda retries twice, and then sends the event to the
function's failure destination.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json
import logging
from typing import Any

logger = logging.getLogger(__name__)


def mend_targets(events: Any, functions: Any) -> None:
    """Make the emulator's module *events* invoke functions as the API of its module *functions* does."""

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        function, config, name = functions._get_func_record_for_ref(arn)
        if not function or not config:
            logger.warning("a rule's target, the function %s, was not found", name)
            return
        record = functions._execution_record_for_config(function, config)
        functions.invoke_async_with_retry(record, json.loads(payload))

    events._dispatch_to_lambda = dispatch_to_lambda
