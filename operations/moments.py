"""Convert times between Unix seconds and text; the text is always in UTC."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from operations.errors import OperatorError

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def moment(text: str, *, now: float) -> int:
    """Return the Unix seconds of *text*: ISO 8601 with a zone, or an age like 90m, 6h, 2d.

    Raises:
        OperatorError: It is neither.
    """
    age = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if age:
        return int(now) - int(age[1]) * UNITS[age[2]]
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise OperatorError(
            f"{text!r} is not a time: write an age (90m, 6h, 2d) or 2026-11-27T15:00:00Z."
        )
    return int(parsed.timestamp())


def utc(seconds: float) -> str:
    """Return Unix seconds as a date and a time of day in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: ``3 h 12 min``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3_600} h {whole % 3_600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3_600} h"


def ago(seconds: float) -> str:
    """Return a time, and how long ago it was."""
    return f"{utc(seconds)} ({duration(time.time() - seconds)} ago)"
