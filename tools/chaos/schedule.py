"""The times of the faults. Pure: the same seed gives the same schedule."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

OUTAGE_SECONDS = 60.0
OUTAGE_SHARE = 0.1
"""The share of a run that an outage takes; in a long run an outage takes a minute."""

KILL_WORKER, KILL_GATEWAY, STOP_CONSUMER, REFUSE = "kill worker", "kill gateway", "stop", "refuse"
CONSUMERS = ("classify-upload", "record-upload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault, its start in seconds after the beginning of the run, and its duration."""

    at: float
    does: str
    target: str = ""
    seconds: float = 0.0


def schedule(seed: int, seconds: float) -> list[Fault]:
    """Return the faults of a run, in the order of time; each kind occurs at least once."""
    random = Random(f"schedule {seed}")
    outage = min(OUTAGE_SECONDS, OUTAGE_SHARE * seconds)
    faults = [
        *_every(10.0, Fault(at=0, does=KILL_WORKER), seconds, random),
        *_every(20.0, Fault(at=0, does=KILL_GATEWAY), seconds, random),
    ]
    for does, targets in ((STOP_CONSUMER, CONSUMERS), (REFUSE, tuple(OUTAGES))):
        for target in targets:
            fault = Fault(at=0, does=does, target=target, seconds=outage)
            faults += _every(300.0, fault, seconds, random)
    return sorted(faults, key=lambda fault: fault.at)


def _every(period: float, fault: Fault, seconds: float, random: Random) -> list[Fault]:
    times = max(1, round(seconds / period))
    latest = seconds - fault.seconds
    each = latest / times
    return [
        Fault(
            at=random.uniform(number * each, (number + 1) * each),
            does=fault.does,
            target=fault.target,
            seconds=fault.seconds,
        )
        for number in range(times)
    ]


def _error(service: str, code: str, status: int, probability: float) -> dict[str, Any]:
    error = {"code": code, "status": status}
    return {"service": service, "error": error, "probability": probability}


RULES: tuple[dict[str, Any], ...] = (
    _error("dynamodb", "ProvisionedThroughputExceededException", 400, 0.04),
    _error("dynamodb", "InternalServerError", 500, 0.02),
    _error("s3", "SlowDown", 503, 0.04),
    _error("s3", "InternalError", 500, 0.02),
    _error("events", "ThrottlingException", 400, 0.05),
    _error("events", "InternalException", 500, 0.03),
    _error("sqs", "RequestThrottled", 403, 0.05),
    _error("states", "ThrottlingException", 400, 0.05),
    {"service": "*", "response": {"abort_frac": 0.5}, "probability": 0.02},
    {"service": "*", "reset": True, "probability": 0.02},
    {"service": "*", "latency": {"min": 50, "max": 800}, "probability": 0.05},
)
"""Microburst's rules for the whole run: throttling, server errors, cut bodies, resets and latency."""

OUTAGES: dict[str, dict[str, Any]] = {
    "table": _error("dynamodb", "InternalServerError", 500, 1.0),
    "bus": _error("events", "InternalException", 500, 1.0),
    "bucket": _error("s3", "ServiceUnavailable", 503, 1.0),
}


def outage(fault: Fault, *, table: str) -> dict[str, Any]:
    """Return microburst's rule for an outage, which ends after the fault's duration."""
    only = {"resource": table} if fault.target == "table" else {}
    return {**OUTAGES[fault.target], **only, "ttl_s": fault.seconds}
