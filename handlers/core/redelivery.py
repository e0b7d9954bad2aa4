"""When a message that failed is tried again, and when it becomes a dead letter.

SQS deletes a message that outlives its queue's retention without notice, and in a dead-letter
queue the time of the first sending still counts. The figures below keep both ends apart.
"""

from __future__ import annotations

FIRST_DELAY_SECONDS = 30
MAX_DELAY_SECONDS = 3_600
RETRY_SECONDS = 78 * 3_600
"""Three days and six hours: for as long as this a message is tried again."""


def delay_seconds(receives: int) -> int:
    """Return how long a message stays hidden that failed when it was received *receives* times.

    It doubles from half a minute to an hour.
    """
    doublings = min(max(receives - 1, 0), 16)
    return min(FIRST_DELAY_SECONDS << doublings, MAX_DELAY_SECONDS)


def is_given_up(age_seconds: float) -> bool:
    """Return whether a message that failed *age_seconds* after it was sent is tried no more."""
    return age_seconds >= RETRY_SECONDS
