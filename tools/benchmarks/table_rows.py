"""Rows of the upload event table as DynamoDB stores, counts and filters them."""

from __future__ import annotations

import json
import operator
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from math import ceil
from typing import Any

from local.emulator.aws_limits import RefusedByAwsError
from tools.benchmarks.synthetic_set import BUCKET, ITERATIONS, SET_ID, Uploads

PAGE_BYTES = 1024 * 1024
ITERATION_SECONDS = 30
EXPIRY_SECONDS = 30 * 86_400
ATTRIBUTES = ("setId", "objectKey", "bucketName", "objectSize", "eventTime", "expiresAt")
NUMBERS = {"objectSize", "eventTime", "expiresAt"}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


@dataclass(frozen=True)
class Rows:
    """The rows of the set that have arrived, sorted by key."""

    uploads: Uploads
    began: int
    """The time of the first iteration, in Unix seconds."""

    @cached_property
    def ends(self) -> Sequence[int]:
        """The end of each row, in bytes after the start of the first."""
        uploads = self.uploads
        fixed = sum(map(len, ATTRIBUTES)) + len(SET_ID) + len(BUCKET)
        times = [
            number_bytes(self.event_time(at)) + number_bytes(self.event_time(at) + EXPIRY_SECONDS)
            for at in range(ITERATIONS + 1)
        ]
        return array(
            "Q",
            accumulate(
                fixed + text_bytes(key) + number_bytes(size) + times[at]
                for key, size, at in zip(
                    uploads.keys, uploads.sizes, uploads.iterations, strict=True
                )
            ),
        )

    def event_time(self, iteration: int) -> int:
        """Return the time at which the rows of *iteration* were announced, in Unix seconds."""
        return self.began + iteration * ITERATION_SECONDS

    def size_bytes(self, start: int, stop: int) -> int:
        """Return the size of the rows from *start* to *stop* (exclusive)."""
        before = self.ends[start - 1] if start else 0
        return (self.ends[stop - 1] if stop else 0) - before

    def page_end(self, start: int, stop: int, limit: int | None) -> int:
        """Return the end of a page with the rows from *start* to *stop*."""
        before = self.ends[start - 1] if start else 0
        full = bisect_right(self.ends, before + PAGE_BYTES, start, stop)
        return min(full, stop if limit is None else start + limit)

    def column(self, name: str, numbers: Sequence[int]) -> Sequence[Any]:
        """Return the attribute *name* of the rows *numbers*, with texts ready for JSON."""
        match name:
            case "objectKey":
                return _escaped([self.uploads.keys[number] for number in numbers])
            case "objectSize":
                return [self.uploads.sizes[number] for number in numbers]
            case "eventTime":
                return [self.event_time(self.uploads.iterations[number]) for number in numbers]
            case "expiresAt":
                times = self.column("eventTime", numbers)
                return [event_time + EXPIRY_SECONDS for event_time in times]
            case "setId":
                return [SET_ID] * len(numbers)
            case "bucketName":
                return [BUCKET] * len(numbers)
        raise RefusedByAwsError("ValidationException", f"The stub knows no attribute {name!r}")

    def kept(self, numbers: range, conditions: Sequence[tuple[str, str, int]]) -> Sequence[int]:
        """Return the rows among *numbers* that fulfil all *conditions*."""
        kept: Sequence[int] = numbers
        for name, sign, value in conditions if numbers else ():
            holds = OPERATORS[sign]
            # If a condition holds for the smallest and the largest value, it holds for all values between.
            if not all(holds(extreme, value) for extreme in self._extremes(name)):
                column = self.column(name, kept)
                kept = [
                    number for number, one in zip(kept, column, strict=True) if holds(one, value)
                ]
        return kept

    @cache  # noqa: B019 - the stub keeps the rows for one iteration only
    def _extremes(self, name: str) -> tuple[int, int]:
        """Return the smallest and the largest value of a number that all rows have."""
        if name == "objectSize":
            return min(self.uploads.sizes), max(self.uploads.sizes)
        if name not in NUMBERS:
            raise RefusedByAwsError("ValidationException", f"The stub cannot compare {name!r}")
        shift = EXPIRY_SECONDS if name == "expiresAt" else 0
        iterations = self.uploads.iterations
        return (
            self.event_time(min(iterations)) + shift,
            self.event_time(max(iterations)) + shift,
        )

    def __hash__(self) -> int:
        return id(self)


def text_bytes(text: str) -> int:
    """Return the size of *text* in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


@cache
def number_bytes(number: int) -> int:
    """Return the size of a number: one byte for each two significant digits, and one more byte."""
    return ceil(len(str(number).rstrip("0")) / 2) + 1


def _escaped(texts: list[str]) -> list[str]:
    joined = "".join(texts)
    if '"' in joined or "\\" in joined or not joined.isprintable():
        return [json.dumps(text, ensure_ascii=False)[1:-1] for text in texts]
    return texts
