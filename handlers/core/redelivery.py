"""Delays before a failed message is retried, and the age at which it becomes a dead letter.

SQS deletes a message that is older than its queue's retention without notice, and in a dead-letter
queue the age still counts from the first sending. The constants leave enough time for both.
"""

from __future__ import annotations

FIRST_DELAY_SECONDS = 30
MAX_DELAY_SECONDS = 3_600
RETRY_SECONDS = 78 * 3_600
"""Three days and six hours: the time for which a failed message is retried."""


def delay_seconds(receives: int) -> int:
    """Return the seconds for which SQS hides a message that has failed *receives* times.

    The delay doubles from half a minute to an hour.
    """
    doublings = min(max(receives - 1, 0), 16)
    return min(FIRST_DELAY_SECONDS << doublings, MAX_DELAY_SECONDS)


def is_given_up(age_seconds: float) -> bool:
    """Return whether a message is too old for a retry; *age_seconds* counts from its first sending."""
    return age_seconds >= RETRY_SECONDS
