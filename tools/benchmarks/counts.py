"""The requests that the stub has answered, and AWS's price for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

# us-east-1, Lambda on arm64: https://aws.amazon.com/dynamodb/pricing/on-demand/ and its like.
READ_UNIT_DOLLARS = 0.125e-6
WRITE_UNIT_DOLLARS = 0.625e-6
LIST_OR_PUT_DOLLARS = 0.005e-3
GET_DOLLARS = 0.0004e-3
LAMBDA_GB_SECOND_DOLLARS = 0.0000133334
LAMBDA_REQUEST_DOLLARS = 0.2e-6
GET_OPERATIONS = {"GetObject", "HeadObject"}
S3_OPERATIONS = GET_OPERATIONS | {
    "ListObjectsV2",
    "PutObject",
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
}


@dataclass(slots=True, kw_only=True)
class Counts:
    """Requests by operation, units of DynamoDB's capacity, and bytes of answers."""

    requests: Counter[str] = field(default_factory=Counter)
    read_units: float = 0
    """An eventually consistent read of 4 KB is half a unit."""
    write_units: float = 0
    sent_bytes: int = 0

    def payload(self) -> dict[str, Any]:
        """Return the counts in a form for JSON."""
        return {
            "requests": dict(self.requests),
            "read_units": self.read_units,
            "write_units": self.write_units,
            "sent_bytes": self.sent_bytes,
        }

    def clear(self) -> None:
        """Set all counts to zero."""
        self.requests.clear()
        self.read_units, self.write_units, self.sent_bytes = 0, 0, 0

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """Read the result of :meth:`payload`."""
        return cls(**{**payload, "requests": Counter(payload["requests"])})

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            requests=self.requests + other.requests,
            read_units=self.read_units + other.read_units,
            write_units=self.write_units + other.write_units,
            sent_bytes=self.sent_bytes + other.sent_bytes,
        )

    def dollars(self) -> float:
        """Return what AWS charges for these requests."""
        gets = sum(self.requests[name] for name in GET_OPERATIONS)
        lists_and_puts = sum(self.requests[name] for name in S3_OPERATIONS - GET_OPERATIONS)
        return (
            self.read_units * READ_UNIT_DOLLARS
            + self.write_units * WRITE_UNIT_DOLLARS
            + gets * GET_DOLLARS
            + lists_and_puts * LIST_OR_PUT_DOLLARS
        )


def lambda_dollars(*, seconds: float, memory_mib: float, invocations: float) -> float:
    """Return what Lambda charges for *invocations* that take *seconds* together."""
    gb_seconds = seconds * memory_mib / 1024
    return gb_seconds * LAMBDA_GB_SECOND_DOLLARS + invocations * LAMBDA_REQUEST_DOLLARS
