"""The JSON bodies of the JSON protocols and of rest-json."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from tools.recorded_requests.recorded import Recorded, Request, UnreadableError


def read_json(recorded: Recorded) -> Request:
    """Read a request of a JSON protocol: its header X-Amz-Target names the operation."""
    prefix, _, name = recorded.headers["x-amz-target"].rpartition(".")
    model = recorded.model
    if prefix != model.metadata["targetPrefix"] or name not in model.operation_names:
        raise UnreadableError(f"{recorded.service} has no operation {prefix}.{name}")
    operation = model.operation_model(name)
    sent = json.loads(recorded.body or b"{}")
    if operation.input_shape is None:
        return Request(operation, sent)
    return Request(operation, from_json(operation.input_shape, sent, name))


def from_json(shape: Any, value: Any, path: str) -> Any:
    """Return *value* with the model's member names, without null values.

    A member that the model lacks keeps its name, so that it is reported as unknown.
    """
    match shape.type_name, value:
        case "structure", dict():
            names = {
                member.serialization.get("name", name): name
                for name, member in shape.members.items()
            }
            return {
                names.get(sent, sent): from_json(
                    shape.members[names[sent]], inner, f"{path}.{sent}"
                )
                if sent in names
                else inner
                for sent, inner in value.items()
                if inner is not None
            }
        case "list", list():
            return [from_json(shape.member, each, path) for each in value]
        case "map", dict():
            return {name: from_json(shape.value, inner, path) for name, inner in value.items()}
        case "blob", str():
            try:
                return base64.b64decode(value, validate=True)
            except binascii.Error as error:
                raise UnreadableError(f"{path} is not base64") from error
    return value
