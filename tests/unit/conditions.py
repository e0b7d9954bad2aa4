"""DynamoDB's condition expressions, in the forms that the handlers use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Item = Mapping[str, Mapping[str, str]]


def holds(expression: str, item: Item, values: Mapping[str, Mapping[str, str]]) -> bool:
    """Evaluate a condition as DynamoDB does: a comparison with a missing attribute is false."""
    tokens = tokens_of(expression)

    def either() -> bool:
        result = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            result = both() or result
        return result

    def both() -> bool:
        result = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            result = one() and result
        return result

    def one() -> bool:
        name = tokens.pop(0)
        if name == "(":
            result = either()
            assert tokens.pop(0) == ")"
            return result
        if tokens[0] == "(":
            return function(name)
        operator, value = tokens.pop(0), values[tokens.pop(0)]
        if operator == "BETWEEN":
            assert tokens.pop(0) == "AND"
            last = values[tokens.pop(0)]
            assert _compare(value, "<=", last), "DynamoDB refuses an upper bound below the lower"
            return name in item and all(
                _compare(item[name], sign, bound) for sign, bound in ((">=", value), ("<=", last))
            )
        return name in item and _compare(item[name], operator, value)

    def function(name: str) -> bool:
        arguments = tokens[1 : tokens.index(")")]
        del tokens[: tokens.index(")") + 1]
        if name == "attribute_not_exists":
            return arguments[0] not in item
        if name == "attribute_exists":
            return arguments[0] in item
        assert name == "begins_with", name
        attribute, _, value = arguments
        return attribute in item and item[attribute]["S"].startswith(values[value]["S"])

    result = either() if tokens else True
    assert not tokens, f"{tokens} left of {expression}"
    return result


def tokens_of(expression: str) -> list[str]:
    return re.findall(r":?\w+|<>|<=|>=|[<>=(),]", expression)


def _compare(left: Mapping[str, str], operator: str, right: Mapping[str, str]) -> bool:
    if left.keys() != right.keys():
        return False
    mine, other = _comparable(left), _comparable(right)
    below, equal = bool(mine < other), bool(mine == other)
    return {
        "<": below,
        "=": equal,
        "<=": below or equal,
        ">": not below and not equal,
        ">=": not below,
    }[operator]


def _comparable(value: Mapping[str, str]) -> Any:
    return Decimal(value["N"]) if "N" in value else value["S"].encode()
