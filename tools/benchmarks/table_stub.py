"""A stub of DynamoDB: the upload event table, read only, and a small table of items.

Pages end, and capacity is counted, as AWS documents it: by the size of the items that were
read, before filter and projection.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

import json
import operator
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from math import ceil
from typing import Any

from local.emulator.aws_limits import RefusedByAwsError, check
from tools.benchmarks.counts import Counts
from tools.benchmarks.synthetic_set import BUCKET, ITERATIONS, SET_ID, Uploads

PAGE_BYTES = 1024 * 1024
UNIT_BYTES = 4096
ITERATION_SECONDS = 30
EXPIRY_SECONDS = 30 * 86_400
ATTRIBUTES = ("setId", "objectKey", "bucketName", "objectSize", "eventTime", "expiresAt")
NUMBERS = {"objectSize", "eventTime", "expiresAt"}
KEY_CONDITION = re.compile(
    r"setId = (:\w+)"
    r"(?: AND (?:objectKey BETWEEN (:\w+) AND (:\w+)|begins_with\(objectKey, (:\w+)\)))?"
)
COMPARISON = re.compile(r"(\w+) (>=|<=|>|<|=) (:\w+)")
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


class RefusedError(Exception):
    """The service answers with an error: its type, and a message."""


@dataclass(frozen=True)
class Rows:
    """The rows of the set that have arrived, in the order of their keys."""

    uploads: Uploads
    began: int
    """When the first iteration was, in Unix seconds."""

    @cached_property
    def ends(self) -> Sequence[int]:
        """Where each row ends, in bytes after the first one's start."""
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
        """Return when the rows of *iteration* were announced, in Unix seconds."""
        return self.began + iteration * ITERATION_SECONDS

    def size_bytes(self, start: int, stop: int) -> int:
        """Return the size of the rows from *start* to *stop* (exclusive)."""
        before = self.ends[start - 1] if start else 0
        return (self.ends[stop - 1] if stop else 0) - before

    def page_end(self, start: int, stop: int, limit: int | None) -> int:
        """Return where a page of the rows from *start* to *stop* ends."""
        before = self.ends[start - 1] if start else 0
        full = bisect_right(self.ends, before + PAGE_BYTES, start, stop)
        return min(full, stop if limit is None else start + limit)

    def column(self, name: str, numbers: Sequence[int]) -> Sequence[Any]:
        """Return the attribute *name* of the rows *numbers*, texts ready to stand in JSON."""
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
        raise RefusedError("ValidationException", f"The stub knows no attribute {name!r}")

    def kept(self, numbers: range, conditions: Sequence[tuple[str, str, int]]) -> Sequence[int]:
        """Return those of the rows *numbers* for which all *conditions* hold."""
        kept: Sequence[int] = numbers
        for name, sign, value in conditions if numbers else ():
            holds = OPERATORS[sign]
            # Where it holds for both ends of an order, it holds for all between them.
            if not all(holds(extreme, value) for extreme in self._extremes(name)):
                column = self.column(name, kept)
                kept = [
                    number for number, one in zip(kept, column, strict=True) if holds(one, value)
                ]
        return kept

    @cache  # noqa: B019 - rows live as long as the stub's iteration
    def _extremes(self, name: str) -> tuple[int, int]:
        """Return the smallest and the largest value of a number that all rows have."""
        if name == "objectSize":
            return min(self.uploads.sizes), max(self.uploads.sizes)
        if name not in NUMBERS:
            raise RefusedError("ValidationException", f"The stub cannot compare {name!r}")
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
    """Return the size of a number: a byte for two significant digits, and one more."""
    return ceil(len(str(number).rstrip("0")) / 2) + 1


def _escaped(texts: list[str]) -> list[str]:
    joined = "".join(texts)
    if '"' in joined or "\\" in joined or not joined.isprintable():
        return [json.dumps(text, ensure_ascii=False)[1:-1] for text in texts]
    return texts


class TableStub:
    """Answers DynamoDB's requests."""

    def __init__(self, rows: Rows, counts: Counts) -> None:
        self.rows = rows
        self.counts = counts
        self._items: dict[str, dict[str, Any]] = {}

    def answer(self, action: str, request: Mapping[str, Any]) -> bytes:
        """Return the body of the answer to *action*, or raise RefusedError."""
        try:
            check("dynamodb", action, request)
        except RefusedByAwsError as error:
            raise RefusedError(error.code, error.message) from error
        match action:
            case "Query":
                return self._query(request)
            case "GetItem":
                return json.dumps(self._get_item(request), ensure_ascii=False).encode()
            case "PutItem":
                return json.dumps(self._put_item(request)).encode()
        raise RefusedError("UnknownOperationException", f"The stub has no {action}")

    def _query(self, request: Mapping[str, Any]) -> bytes:
        start, stop = self._range(request)
        limit = request.get("Limit")
        end = self.rows.page_end(start, stop, limit)
        kept = self.rows.kept(range(start, end), _conditions(request))
        units = self._read(self.rows.size_bytes(start, end), request)
        parts = [
            '{"Items":[',
            self._rendered(kept, request),
            f'],"Count":{len(kept)},"ScannedCount":{end - start}',
        ]
        if end < stop or (limit is not None and end - start == limit):
            last = _key_of(self.rows.uploads.keys[end - 1])
            parts.append(f',"LastEvaluatedKey":{json.dumps(last, ensure_ascii=False)}')
        if request.get("ReturnConsumedCapacity", "NONE") != "NONE":
            consumed = {"TableName": request["TableName"], "CapacityUnits": units}
            parts.append(f',"ConsumedCapacity":{json.dumps(consumed)}')
        return f"{''.join(parts)}}}".encode()

    def _range(self, request: Mapping[str, Any]) -> tuple[int, int]:
        """Return which rows a Query asks for, from the first to behind the last."""
        found = KEY_CONDITION.fullmatch(request["KeyConditionExpression"])
        if found is None:
            raise RefusedError("ValidationException", "The stub cannot read the key condition")
        texts = {
            name: value.get("S") for name, value in request["ExpressionAttributeValues"].items()
        }
        set_id, first, last, prefix = (texts.get(name) for name in found.groups())
        keys = self.rows.uploads.keys
        if set_id != SET_ID:
            return 0, 0
        start, stop = 0, len(keys)
        if first is not None and last is not None:
            start, stop = bisect_left(keys, first), bisect_right(keys, last)
        elif prefix is not None:
            start = bisect_left(keys, prefix)
            stop = bisect_left(keys, prefix[:-1] + chr(ord(prefix[-1]) + 1))
        if "ExclusiveStartKey" in request:
            after = request["ExclusiveStartKey"]["objectKey"]["S"]
            start = max(start, bisect_right(keys, after))
        return start, max(start, stop)

    def _rendered(self, numbers: Sequence[int], request: Mapping[str, Any]) -> str:
        wanted = request.get("ProjectionExpression", ", ".join(ATTRIBUTES)).split(", ")
        columns = [self.rows.column(name, numbers) for name in wanted]
        if wanted == ["objectKey"] and numbers:
            between = '"}},{"objectKey":{"S":"'
            return f'{{"objectKey":{{"S":"{between.join(columns[0])}"}}}}'
        fields = ",".join(f'"{name}":{{"{_type(name)}":"%s"}}' for name in wanted)
        template = f"{{{fields}}}"
        return ",".join([template % row for row in zip(*columns, strict=True)])

    def _get_item(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if "id" in request["Key"]:
            self._read(UNIT_BYTES, request)
            item = self._items.get(request["Key"]["id"]["S"])
            return {} if item is None else {"Item": item}
        keys, key = self.rows.uploads.keys, request["Key"]["objectKey"]["S"]
        at = bisect_left(keys, key)
        found = request["Key"]["setId"]["S"] == SET_ID and at < len(keys) and keys[at] == key
        self._read(self.rows.size_bytes(at, at + 1) if found else 0, request)
        if not found:
            return {}
        item = json.loads(self._rendered([at], request))
        return {"Item": item}

    def _put_item(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.counts.write_units += 1
        id_ = request["Item"]["id"]["S"]
        condition = request.get("ConditionExpression")
        if condition not in (None, "attribute_not_exists(id)"):
            raise RefusedError("ValidationException", f"The stub cannot check {condition!r}")
        if condition is not None and id_ in self._items:
            raise RefusedError("ConditionalCheckFailedException", "The conditional request failed")
        self._items[id_] = request["Item"]
        return {}

    def _read(self, size_bytes: int, request: Mapping[str, Any]) -> float:
        """Count a read of *size_bytes*, and return its units."""
        units = max(1, ceil(size_bytes / UNIT_BYTES)) * (
            1 if request.get("ConsistentRead") else 0.5
        )
        self.counts.read_units += units
        return units


def _conditions(request: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Return the comparisons of numbers that a filter asks for."""
    if "FilterExpression" not in request:
        return []
    values = request["ExpressionAttributeValues"]
    conditions = []
    for term in request["FilterExpression"].split(" AND "):
        found = COMPARISON.fullmatch(term)
        if found is None:
            raise RefusedError("ValidationException", f"The stub cannot filter by {term!r}")
        name, sign, value = found.groups()
        conditions.append((name, sign, int(values[value]["N"])))
    return conditions


def _key_of(object_key: str) -> dict[str, Any]:
    return {"setId": {"S": SET_ID}, "objectKey": {"S": object_key}}


def _type(name: str) -> str:
    return "N" if name in NUMBERS else "S"
