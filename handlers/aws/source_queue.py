"""The queue that a function consumes, and the handling of failed messages."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from handlers.aws import dead_letters
from handlers.aws.telemetry import count, logger, measure_seconds
from handlers.core.redelivery import delay_seconds, is_given_up

ENTRIES_A_CALL = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html"""

PartialAnswer = dict[str, list[dict[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceQueue:
    """The queue and its dead-letter queue."""

    url: str
    dead_letters_url: str

    def answer(
        self,
        records: Iterable[SQSRecord],
        *,
        failed: Mapping[str, str],
        unreadable: Mapping[str, str],
    ) -> PartialAnswer:
        """Return the partial batch response to Lambda for *records*.

        *failed* and *unreadable* have a reason by message id. A message that is unreadable, or has
        failed for too long, is set aside. Any other failed message is put back, and hidden for
        longer each time. SQS deletes the messages that the response leaves out.
        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        """
        reasons = {**failed, **unreadable}
        put_back = []
        for record in records:
            reason = reasons.get(record.message_id)
            if reason is None:
                continue
            final = record.message_id in unreadable or is_given_up(_age_seconds(record))
            if final and dead_letters.set_aside(
                record, queue_url=self.dead_letters_url, reason=reason
            ):
                continue
            logger.warning("Put back", message_id=record.message_id, reason=reason)
            put_back.append(record)
        self._put_back(put_back)
        return {"batchItemFailures": [{"itemIdentifier": each.message_id} for each in put_back]}

    def _put_back(self, records: Sequence[SQSRecord]) -> None:
        if not records:
            return
        count("MessagesPutBack", len(records))
        # SQS's own metric leaves out messages that were received three times or more.
        measure_seconds("OldestMessagePutBackAge", max(map(_age_seconds, records)))
        for first in range(0, len(records), ENTRIES_A_CALL):
            self._hide(records[first : first + ENTRIES_A_CALL])

    def _hide(self, records: Sequence[SQSRecord]) -> None:
        """Hide *records*; if that fails, the queue's own visibility timeout applies."""
        try:
            answer = dead_letters.sqs.change_message_visibility_batch(
                QueueUrl=self.url,
                Entries=[
                    {
                        "Id": str(number),
                        "ReceiptHandle": record.receipt_handle,
                        "VisibilityTimeout": delay_seconds(_receives(record)),
                    }
                    for number, record in enumerate(records)
                ],
            )
        except (BotoCoreError, ClientError):
            logger.exception("Messages stay hidden for the queue's visibility timeout")
            return
        if refused := answer.get("Failed"):
            logger.error("Messages stay hidden for the queue's visibility timeout", refused=refused)


def _age_seconds(record: SQSRecord) -> float:
    return time.time() - int(record.attributes.sent_timestamp) / 1000


def _receives(record: SQSRecord) -> int:
    return int(record.attributes.approximate_receive_count)
