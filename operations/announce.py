"""*Object Announced*: messages for the upload queue, in place of a gateway's events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import boto3

from operations.errors import OperatorError
from operations.safe_text import shown

if TYPE_CHECKING:
    from handlers.core.events import ObjectUpload

A_CALL = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html"""


def announce(url: str, uploads: Sequence[ObjectUpload], *, reason: str) -> None:
    """Send an announcement of each of at most ten *uploads* to the queue *url*.

    Raises:
        OperatorError: SQS refused at least one; the others are sent. Repeating the call changes nothing.
    """
    answer = boto3.client("sqs").send_message_batch(
        QueueUrl=url,
        Entries=[
            {
                "Id": str(number),
                "MessageBody": json.dumps(upload.announcement(reason), ensure_ascii=False),
            }
            for number, upload in enumerate(uploads)
        ],
    )
    for refused in answer.get("Failed", []):
        key = uploads[int(refused["Id"])].key
        raise OperatorError(
            f"SQS refused the announcement of {shown(key)}: {refused.get('Message', refused)}."
            " Run the command again: announcing an object twice changes nothing."
        )
