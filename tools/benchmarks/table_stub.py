"""A stub of DynamoDB: the read-only upload event table, and a small table of items.

As AWS documents it, pages and capacity depend on the size of the items that were read, before
filter and projection.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from local.emulator.aws_limits import RefusedByAwsError, check
from tools.benchmarks.counts import Counts
from tools.benchmarks.synthetic_set import SET_ID
from tools.benchmarks.table_rows import ATTRIBUTES, NUMBERS, Rows

UNIT_BYTES = 4096
KEY_CONDITION = re.compile(
    r"setId = (:\w+)"
    r"(?: AND (?:objectKey BETWEEN (:\w+) AND (:\w+)|begins_with\(objectKey, (:\w+)\)))?"
)
SET_AND_ADD = re.compile(r"SET (?P<set>\w+) = (?P<value>:\w+) ADD (?P<add>\w+) (?P<added>:\w+)")
COMPARISON = re.compile(r"(\w+) (>=|<=|>|<|=) (:\w+)")


class TableStub:
    """Answers DynamoDB's requests."""

    def __init__(self, rows: Rows, counts: Counts) -> None:
        self.rows = rows
        self.counts = counts
        self._items: dict[str, dict[str, Any]] = {}

    def answer(self, action: str, request: Mapping[str, Any]) -> bytes:
        """Return the body of the answer to *action*, or raise RefusedByAwsError."""
        check("dynamodb", action, request)
        match action:
            case "Query":
                return self._query(request)
            case "GetItem":
                return json.dumps(self._get_item(request), ensure_ascii=False).encode()
            case "PutItem":
                return json.dumps(self._put_item(request)).encode()
            case "UpdateItem":
                return json.dumps(self._update_item(request)).encode()
        raise RefusedByAwsError("UnknownOperationException", f"The stub has no {action}")

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
        """Return the range of rows that a Query selects; its end is exclusive."""
        found = KEY_CONDITION.fullmatch(request["KeyConditionExpression"])
        if found is None:
            raise RefusedByAwsError("ValidationException", "The stub cannot read the key condition")
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
        if "folder" in request["Key"]:  # the register has no row of the set
            self._read(0, request)
            return {}
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
            raise RefusedByAwsError("ValidationException", f"The stub cannot check {condition!r}")
        if condition is not None and id_ in self._items:
            raise RefusedByAwsError(
                "ConditionalCheckFailedException", "The conditional request failed"
            )
        self._items[id_] = request["Item"]
        return {}

    def _update_item(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Add a text to a set attribute of an item; writes to the register are counted and never read."""
        self.counts.write_units += 1
        if "folder" in request["Key"]:
            return {"Attributes": request["Key"]}
        expression = request["UpdateExpression"]
        found = SET_AND_ADD.fullmatch(expression)
        if found is None or "ConditionExpression" in request:
            raise RefusedByAwsError("ValidationException", f"The stub cannot do {expression!r}")
        values = request["ExpressionAttributeValues"]
        item = self._items.setdefault(request["Key"]["id"]["S"], dict(request["Key"]))
        item[found["set"]] = values[found["value"]]
        known = item.get(found["add"], {"SS": []})["SS"]
        item[found["add"]] = {"SS": sorted({*known, *values[found["added"]]["SS"]})}
        return {"Attributes": item}

    def _read(self, size_bytes: int, request: Mapping[str, Any]) -> float:
        """Count a read of *size_bytes*, and return its units."""
        units = max(1, ceil(size_bytes / UNIT_BYTES)) * (
            1 if request.get("ConsistentRead") else 0.5
        )
        self.counts.read_units += units
        return units


def _conditions(request: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Return the numeric comparisons of a filter."""
    if "FilterExpression" not in request:
        return []
    values = request["ExpressionAttributeValues"]
    conditions = []
    for term in request["FilterExpression"].split(" AND "):
        found = COMPARISON.fullmatch(term)
        if found is None:
            raise RefusedByAwsError("ValidationException", f"The stub cannot filter by {term!r}")
        name, sign, value = found.groups()
        conditions.append((name, sign, int(values[value]["N"])))
    return conditions


def _key_of(object_key: str) -> dict[str, Any]:
    return {"setId": {"S": SET_ID}, "objectKey": {"S": object_key}}


def _type(name: str) -> str:
    return "N" if name in NUMBERS else "S"
