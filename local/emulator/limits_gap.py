"""Close a gap in the emulator: refuse requests that are too large or out of range, as AWS does.

Only requests with data from this application's functions and commands are checked; Terraform's are
not.
"""

from __future__ import annotations

import json
from typing import Any

from local.emulator.asgi import Application, send_json, whole_body
from local.emulator.aws_limits import RefusedByAwsError, check

CHECKED = {
    "DynamoDB_20120810": (
        "dynamodb",
        {"GetItem", "PutItem", "Query", "UpdateItem", "BatchWriteItem"},
    ),
    "AWSEvents": ("events", {"PutEvents"}),
    "AmazonSQS": ("sqs", {"SendMessage", "SendMessageBatch", "ReceiveMessage"}),
    "AWSStepFunctions": ("stepfunctions", {"StartExecution"}),
}
"""Services by the prefix of the header X-Amz-Target, and their checked operations."""


def within_aws_limits(inner: Application) -> Application:
    """Refuse requests of :data:`CHECKED` that AWS refuses; pass on all others."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", []))
        prefix, _, operation = headers.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")
        service, operations = CHECKED.get(prefix, ("", set()))
        if operation not in operations:
            await inner(scope, receive, send)
            return
        body = await whole_body(receive)
        try:
            check(service, operation, json.loads(body))
        except RefusedByAwsError as error:
            await send_json(send, 400, {"__type": error.code, "message": error.message})
            return
        except ValueError:
            pass  # the emulator returns its own error

        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Any:
            return unread.pop() if unread else await receive()

        await inner(scope, again, send)

    return application
