"""Read and check values from untrusted JSON; errors name the field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from handlers.core.errors import MalformedEventError

MAX_WHOLE_NUMBER = 2**63 - 1
"""Larger than any object, and within DynamoDB's 38 digits."""

MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""


def parsed(text: str) -> Any:
    """Return the value of the JSON *text*, or raise MalformedEventError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedEventError(f"the message is not JSON: {error}") from error


def mapping(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the JSON object *source[name]*, or raise MalformedEventError."""
    value: Mapping[str, Any] = _field(source, name, dict)
    return value


def sequence(source: Mapping[str, Any], name: str) -> list[Any]:
    """Return the JSON array *source[name]*, or raise MalformedEventError."""
    value: list[Any] = _field(source, name, list)
    return value


def text(source: Mapping[str, Any], name: str) -> str:
    """Return the non-empty, encodable text *source[name]*, or raise MalformedEventError."""
    return checked_text(name, _field(source, name, str))


def checked_text(name: str, value: str) -> str:
    """Return *value* if it is not empty and can be an S3 key."""
    try:
        size_bytes = len(value.encode())
    except UnicodeEncodeError as error:
        raise MalformedEventError(f"{name!r} is {value!r}, which has no UTF-8 form") from error
    if not 0 < size_bytes <= MAX_KEY_BYTES:
        raise MalformedEventError(f"{name!r} has {size_bytes} bytes, not 1 to {MAX_KEY_BYTES}")
    return value


def whole_number(source: Mapping[str, Any], name: str) -> int:
    """Return the integer >= 0 at *source[name]*, or raise MalformedEventError."""
    value: int = _field(source, name, int)
    if isinstance(value, bool) or not 0 <= value <= MAX_WHOLE_NUMBER:
        raise MalformedEventError(f"{name!r} is no whole number from 0 to {MAX_WHOLE_NUMBER}")
    return value


def unix_seconds(source: Mapping[str, Any], name: str) -> int:
    """Return the ISO 8601 time at *source[name]* in Unix seconds, or raise MalformedEventError."""
    value = text(source, name)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise MalformedEventError(f"{name!r} is {value!r}, not an ISO 8601 time") from error
    if moment.tzinfo is None:
        raise MalformedEventError(f"{name!r} is {value!r}, without its time zone")
    seconds = int(moment.timestamp())
    if seconds < 0:
        raise MalformedEventError(f"{name!r} is {value!r}, before 1970")
    return seconds


def known_fields(kind: type, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of *payload* that the dataclass *kind* has.

    Another release may have written the payload: fields that it added are ignored, and
    those that it lacks take the defaults of *kind*.

    Raises:
        MalformedEventError: A field is a text, number or truth value in *kind*, but not in *payload*.
    """
    if not isinstance(payload, Mapping):
        raise MalformedEventError(
            f"{kind.__name__} must be a JSON object, not a {type(payload).__name__}"
        )
    types = {each.name: str(each.type) for each in fields(kind)}
    found = {name: value for name, value in payload.items() if name in types}
    for name, value in found.items():
        plain, _, optional = types[name].partition(" | ")
        if plain in PLAIN and not (optional and value is None):
            PLAIN[plain](found, name)
    return found


def _text_or_none(source: Mapping[str, Any], name: str) -> str:
    return text(source, name) if source[name] != "" else ""


def _truth(source: Mapping[str, Any], name: str) -> bool:
    return bool(_field(source, name, bool))


def _field(source: Mapping[str, Any], name: str, kind: type) -> Any:
    if not isinstance(source, Mapping) or not isinstance(source.get(name), kind):
        raise MalformedEventError(f"no field {name!r} of type {kind.__name__}")
    return source[name]


PLAIN = {"str": _text_or_none, "int": whole_number, "bool": _truth}
"""The function that reads a field of a plain type, by the type's annotation."""
