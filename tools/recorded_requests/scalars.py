"""Convert texts in requests to the values of a model's shapes."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from botocore.utils import parse_timestamp

from tools.recorded_requests.recorded import UnreadableError

BOOLEANS = {"true": True, "false": False}


def from_text(shape: Any, text: str) -> Any:
    """Return the value of *shape* that *text* represents in queries, headers and XML.

    Raises:
        UnreadableError: The text represents no value of the shape.
    """
    try:
        match shape.type_name:
            case "integer" | "long":
                return int(text)
            case "float" | "double":
                return float(text)
            case "boolean":
                return BOOLEANS[text.lower()]
            case "timestamp":
                return parse_timestamp(text)
            case "blob":
                return base64.b64decode(text, validate=True)
    except (ValueError, KeyError, binascii.Error) as error:
        raise UnreadableError(f"{text!r} is no {shape.type_name}") from error
    return text
