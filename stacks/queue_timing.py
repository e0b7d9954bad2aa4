"""Batches, retries and retention of the queues in front of functions.

A message that a function fails to process is retried for 78 hours and then becomes a dead letter:
the handler compares the message's age with this limit. If the function cannot run at all, SQS moves
the message after a number of receives. With one receive per visibility timeout, that takes 78 hours,
too. Both together are six and a half days, so a dead letter is kept for at least seven of its
fourteen days.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

RETRY_SECONDS = 78 * 3_600
RETENTION_SECONDS = 10 * 86_400
DEAD_LETTER_RETENTION_SECONDS = 14 * 86_400
"""SQS's maximum. The time since the message was first sent counts."""
ALARM_AGE_SECONDS = 15 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTiming:
    """A queue and the event source mapping that passes its messages to a function."""

    function_timeout_seconds: int
    batch_size: int
    """For more than ten, Lambda requires a batching window of at least a second."""
    window_seconds: int
    maximum_concurrency: int

    @property
    def visibility_seconds(self) -> int:
        """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
        return 6 * self.function_timeout_seconds + self.window_seconds

    @property
    def receives(self) -> int:
        """The number of receives after which SQS moves a message to the dead-letter queue."""
        return ceil(RETRY_SECONDS / self.visibility_seconds)


UPLOADS = QueueTiming(
    function_timeout_seconds=120,
    batch_size=1_000,  # an event has at most 2.5 KB, an invocation's payload 6 MB
    window_seconds=1,
    maximum_concurrency=4,
)
RECORDS = QueueTiming(
    function_timeout_seconds=120,
    batch_size=10,  # bundles of 200 KB
    window_seconds=0,
    maximum_concurrency=4,
)
"""Together, these are eight of the ten concurrent executions of a new account; two are left for the
state machine and the sweep. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
