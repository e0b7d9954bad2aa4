"""Send messages that no retry can repair to a dead-letter queue, with the reason.

The body is unchanged, so that a redrive sends it back as it was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from handlers.aws.telemetry import count, logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_REASON_CHARACTERS = 1_024
NOT_ALLOWED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""

sqs: SQSClient = boto3.client("sqs")


def set_aside(record: SQSRecord, *, queue_url: str, reason: str) -> bool:
    """Send *record* to the dead-letter queue, and return whether SQS accepted it."""
    text = NOT_ALLOWED.sub("\ufffd", reason)[:MAX_REASON_CHARACTERS] or "No reason is known"
    attributes = {
        "Reason": text,
        "SourceMessageId": record.message_id,
        "SourceSentTimestamp": record.attributes.sent_timestamp,
    }
    try:
        sqs.send_message(
            QueueUrl=queue_url,
            MessageBody=record.body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )
    except (BotoCoreError, ClientError):
        logger.exception("A message could not be set aside", message_id=record.message_id)
        return False
    logger.error("Set aside", message_id=record.message_id, reason=text)
    count("MessagesSetAside")
    return True
