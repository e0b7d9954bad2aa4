"""How the queues in front of functions deliver, and for how long they try.

A message that a function fails to handle is tried again for 78 hours and then becomes a dead
letter; the handler decides so by the message's age. Where the function cannot run at all, the
number of receives decides: at one receive per visibility timeout it takes as long. Even one after
the other, these are six and a half days, so at least seven of a dead letter's fourteen days remain.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

RETRY_SECONDS = 78 * 3_600
RETENTION_SECONDS = 10 * 86_400
DEAD_LETTER_RETENTION_SECONDS = 14 * 86_400
"""The longest that SQS keeps a message; the time of its first sending counts."""
ALARM_AGE_SECONDS = 15 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePolicy:
    """A queue and the event source mapping that hands its messages to a function."""

    function_timeout_seconds: int
    batch_size: int
    """Above ten, Lambda demands a window of at least a second."""
    window_seconds: int
    maximum_concurrency: int

    @property
    def visibility_seconds(self) -> int:
        """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
        return 6 * self.function_timeout_seconds + self.window_seconds

    @property
    def receives(self) -> int:
        """How often a message is received that no function can handle."""
        return ceil(RETRY_SECONDS / self.visibility_seconds)


UPLOADS = QueuePolicy(
    function_timeout_seconds=120,
    batch_size=1_000,  # gateway events are at most 2.5 KB each, and an invocation takes 6 MB
    window_seconds=1,
    maximum_concurrency=4,
)
RECORDS = QueuePolicy(
    function_timeout_seconds=120,
    batch_size=10,  # bundles of 200 KB
    window_seconds=0,
    maximum_concurrency=4,
)
"""Together eight of the ten concurrent executions that a new account has; two are left for the
state machine and the sweep. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
