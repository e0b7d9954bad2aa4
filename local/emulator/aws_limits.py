"""Refuse requests that AWS refuses, for emulators, stubs and fakes that accept them.

botocore's ParamValidator checks names, types and lower bounds. This module adds the upper bounds of
the service's model, the ranges of the wire types, and limits that are only documented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

from local.emulator.documented_limits import (
    KEY_BYTES,
    LIMITS,
    Parameters,
    attribute_maps,
    size_bytes,
)

WIRE_TYPES = {"integer": 2**31, "long": 2**63}
"""A number of the type is at least minus the bound, and less than the bound."""
NUMBER_DIGITS = 38
VALUE = re.compile(r":\w+")


class RefusedByAwsError(Exception):
    """AWS answers such a request with an error of status 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def check(service: str, operation: str, parameters: Parameters) -> None:
    """Raise RefusedByAwsError if boto3 would not send *parameters*, or AWS would refuse them."""
    shape: Any = _model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(dict(parameters), shape)
    if report.has_errors():
        raise RefusedByAwsError("ParamValidationError", report.generate_report())
    for problem in beyond_model(shape, parameters, operation):
        raise RefusedByAwsError("ValidationException", problem)
    for limit in LIMITS:
        if limit.service == service and re.fullmatch(limit.operations, operation):
            for number in limit.measure(parameters):
                if number > limit.most:
                    message = f"{operation}: {limit.name} {number:,}, at most {limit.most:,}"
                    raise RefusedByAwsError(limit.code, message)
    if service == "dynamodb":
        for problem in (*_of_attributes(parameters), *_of_values(parameters)):
            raise RefusedByAwsError("ValidationException", f"{operation}: {problem}")


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def beyond_model(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield where *value* exceeds its wire type, an upper bound or an enumeration of the model."""
    bound = WIRE_TYPES.get(shape.type_name)
    if bound is not None and not -bound <= value < bound:
        yield f"{path}: {value} is not a valid {shape.type_name}"
    if isinstance(value, str) and shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"
    most = shape.metadata.get("max")
    size = len(value) if hasattr(value, "__len__") else value
    if most is not None and size > most:
        yield f"{path}: {size} is more than {most}"
    for inner, at, member in members(shape, value):
        yield from beyond_model(member, inner, f"{path}.{at}")


def members(shape: Any, value: Any) -> Iterator[tuple[Any, str, Shape]]:
    """Yield each member of *value*, with its name or index and its shape."""
    match shape.type_name:
        case "structure":
            for name, inner in value.items():
                yield inner, name, shape.members[name]
        case "list":
            for number, inner in enumerate(value):
                yield inner, str(number), shape.member
        case "map":
            for name, inner in value.items():
                yield name, name, shape.key
                yield inner, name, shape.value


def _of_attributes(given: Parameters) -> Iterator[str]:
    """Yield keys that are empty or too long, and numbers that DynamoDB cannot store."""
    names = ("Item", "Key", "ExclusiveStartKey", "ExpressionAttributeValues")
    for attributes in attribute_maps(given, *names):
        for name, value in attributes.items():
            size = size_bytes(value.get("S", ""))
            if name in KEY_BYTES and not 0 < size <= KEY_BYTES[name]:
                yield f"the key {name} has {size} bytes, not 1 to {KEY_BYTES[name]}"
            digits = value.get("N", "0").lstrip("-").replace(".", "", 1)
            if not digits.isdecimal() or len(digits.strip("0")) > NUMBER_DIGITS:
                yield f"{name} is {value['N']!r}, no number of {NUMBER_DIGITS} digits at most"


def _of_values(given: Parameters) -> Iterator[str]:
    """Yield the values that are defined but not used, or used but not defined."""
    expressions = " ".join(str(given[name]) for name in given if name.endswith("Expression"))
    strangers = set(VALUE.findall(expressions)) ^ set(given.get("ExpressionAttributeValues", {}))
    if strangers:
        yield f"the values {sorted(strangers)} are not both defined and used"
