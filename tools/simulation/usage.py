"""The use of a simulated run, and AWS's price for it in us-east-1."""

from __future__ import annotations

from dataclasses import dataclass

CHUNK_BYTES = 64 * 1024
"""SQS and EventBridge bill a payload by the chunk."""
DOLLARS_A_MILLION = {
    "sqs_requests": 0.40,
    "bus_events": 1.00,
    "table_writes": 0.625,
    "table_reads": 0.125,
    "invocations": 0.20,
}
DOLLARS_A_GB_SECOND = 0.0000133334


def chunks(size_bytes: int) -> int:
    """Return the number of billed requests for a payload."""
    return max(1, -(-size_bytes // CHUNK_BYTES))


@dataclass(slots=True)
class Usage:
    """Counters of the billed requests and resources."""

    sqs_requests: int = 0
    bus_events: int = 0
    table_writes: int = 0
    table_reads: float = 0
    invocations: int = 0
    gb_seconds: float = 0.0

    @property
    def dollars(self) -> float:
        """The total price."""
        counted: float = sum(
            getattr(self, name) * price for name, price in DOLLARS_A_MILLION.items()
        )
        return counted / 1e6 + self.gb_seconds * DOLLARS_A_GB_SECOND
