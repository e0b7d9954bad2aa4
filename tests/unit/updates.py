"""DynamoDB's update expressions, in the forms that the handlers use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.unit.conditions import Item

CLAUSE = re.compile(r"\b(SET|ADD|REMOVE) ")
ACTION = re.compile(r",(?![^(]*\))")
"""A comma outside of a function's parentheses."""
Values = Mapping[str, Mapping[str, Any]]


def updated(expression: str, item: Item, values: Values) -> Item:
    """Return *item* after the update; a clause of an unknown kind raises an error."""
    before, *parts = CLAUSE.split(expression)
    assert not before, expression
    changed: dict[str, Any] = dict(item)
    for clause, actions in zip(parts[::2], parts[1::2], strict=True):
        for action in ACTION.split(actions):
            if clause == "SET":
                name, value = (part.strip() for part in action.split("="))
                changed[name] = _value(value, item, values)
            elif clause == "REMOVE":
                changed.pop(action.strip(), None)
            else:
                name, value = action.split()
                changed[name] = _sum(changed.get(name), values[value])
    return changed


def _value(text: str, item: Item, values: Values) -> Mapping[str, Any]:
    function = re.fullmatch(r"if_not_exists\((\w+), (:\w+)\)", text)
    if function is None:
        return values[text]
    return item.get(function[1], values[function[2]])


def _sum(known: Mapping[str, Any] | None, added: Mapping[str, Any]) -> Mapping[str, Any]:
    ((kind, value),) = added.items()
    if kind == "N":
        return {"N": str(Decimal(known["N"] if known else 0) + Decimal(value))}
    assert kind == "SS", kind
    return {"SS": sorted({*(known["SS"] if known else ()), *value})}
