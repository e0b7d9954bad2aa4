"""REST: method, path, query and headers name the operation, and the body is JSON or XML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree as ET

from botocore.model import OperationModel

from tools.recorded_requests.json_body import from_json
from tools.recorded_requests.recorded import Recorded, Request, UnreadableError
from tools.recorded_requests.scalars import from_text

VARIABLE = re.compile(r"\{(\w+)(\+?)\}")
SDK_FIELDS = re.compile(r"x-id|X-Amz-.*", re.IGNORECASE)
"""The parameters that SDKs and presigned URLs add to a query."""


def read_rest(recorded: Recorded) -> Request:
    """Read a request of rest-json or rest-xml.

    Raises:
        UnreadableError: No operation has the request's method, path and query.
    """
    found = max(_candidates(recorded), key=lambda each: each[0], default=None)
    if found is None:
        raise UnreadableError(
            f"{recorded.service} has no operation for {recorded.method} {recorded.path}"
            f"?{'&'.join(name for name, _ in recorded.query)}"
        )
    _, operation, uri = found
    parameters = {**uri, **_of_query(operation, recorded), **_of_headers(operation, recorded)}
    return Request(operation, {**parameters, **_of_body(operation, recorded)})


def _candidates(
    recorded: Recorded,
) -> Iterator[tuple[tuple[int, int, int, bool], OperationModel, dict[str, Any]]]:
    """Yield the matching operations, each with its specificity and the parameters in its path."""
    query = dict(recorded.query)
    for name in recorded.model.operation_names:
        operation = recorded.model.operation_model(name)
        path, _, static_text = operation.http["requestUri"].partition("?")
        static = dict(parse_qsl(static_text, keep_blank_values=True))
        if operation.http["method"] != recorded.method:
            continue
        matched = _pattern(path).fullmatch(recorded.path)
        if matched is None or any(
            key not in query or (value and query[key] != value) for key, value in static.items()
        ):
            continue
        needed = list(_needed(operation))
        if all(key.lower() in recorded.headers or key in query for key in needed):
            members = {
                member.serialization.get("name", own): own
                for own, member in _members(operation, "uri")
            }
            uri = {members[key]: unquote(value) for key, value in matched.groupdict().items()}
            literal = len(VARIABLE.sub("", path))
            rank = (len(static), literal, len(needed), not operation.deprecated)
            yield rank, operation, uri


def _pattern(path: str) -> re.Pattern[str]:
    """Return a pattern of the paths of the template *path*; a slash at the end is optional."""
    parts = VARIABLE.split(path.rstrip("/"))
    text = ""
    for place in range(0, len(parts), 3):
        text += re.escape(parts[place])
        if place + 1 < len(parts):
            text += f"(?P<{parts[place + 1]}>{'.+' if parts[place + 2] else '[^/]+'})"
    return re.compile(f"{text}/?")


def _members(operation: OperationModel, location: str | None) -> Iterator[tuple[str, Any]]:
    shape: Any = operation.input_shape
    for name, member in shape.members.items() if shape else ():
        if member.serialization.get("location") == location:
            yield name, member


def _needed(operation: OperationModel) -> Iterator[str]:
    """Yield the parameters that an operation requires in the query or in a header."""
    shape: Any = operation.input_shape
    for location in ("querystring", "header"):
        for name, member in _members(operation, location):
            if name in shape.required_members:
                yield member.serialization.get("name", name)


def _of_query(operation: OperationModel, recorded: Recorded) -> dict[str, Any]:
    members = {
        member.serialization.get("name", name): (name, member)
        for name, member in _members(operation, "querystring")
    }
    static = dict(parse_qsl(operation.http["requestUri"].partition("?")[2], keep_blank_values=True))
    found: dict[str, Any] = {}
    for key, text in recorded.query:
        if key in members:
            name, member = members[key]
            if member.type_name == "list":
                found.setdefault(name, []).append(from_text(member.member, text))
            else:
                found[name] = from_text(member, text)
        elif key not in static and not SDK_FIELDS.fullmatch(key):
            raise UnreadableError(f"{operation.name} has no query field {key}")
    return found


def _of_headers(operation: OperationModel, recorded: Recorded) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, member in _members(operation, "header"):
        text = recorded.headers.get(member.serialization.get("name", name).lower())
        if text is not None:
            items = [each.strip() for each in text.split(",")]
            found[name] = (
                [from_text(member.member, each) for each in items]
                if member.type_name == "list"
                else from_text(member, text)
            )
    return found


def _of_body(operation: OperationModel, recorded: Recorded) -> dict[str, Any]:
    shape: Any = operation.input_shape
    payload = shape.serialization.get("payload") if shape else None
    if payload and recorded.body and shape.members[payload].type_name in ("blob", "string"):
        is_text = shape.members[payload].type_name == "string"
        return {payload: recorded.body.decode() if is_text else recorded.body}
    if not recorded.body.strip() or recorded.is_cut or shape is None:
        return {}
    if recorded.model.metadata["protocol"] == "rest-xml":
        element = ET.fromstring(recorded.body)  # noqa: S314 - the request comes from this project
        if payload:
            return {payload: from_xml(shape.members[payload], element, operation.name)}
        return dict(from_xml(shape, element, operation.name))
    sent = json.loads(recorded.body)
    if payload:
        return {payload: from_json(shape.members[payload], sent, operation.name)}
    found: Mapping[str, Any] = from_json(shape, sent, operation.name)
    return dict(found)


def from_xml(shape: Any, element: ET.Element, path: str) -> Any:
    """Return the value of *shape* that *element* contains.

    Raises:
        UnreadableError: *element* contains an element that the shape does not have.
    """
    match shape.type_name:
        case "list":
            return [from_xml(shape.member, each, path) for each in element]
        case "structure":
            return _structure(shape, element, path)
    return from_text(shape, element.text or "")


def _structure(shape: Any, element: ET.Element, path: str) -> dict[str, Any]:
    members = {
        member.serialization.get("name", name): (name, member)
        for name, member in shape.members.items()
    }
    found: dict[str, Any] = {}
    for child in element:
        tag = child.tag.rpartition("}")[2]
        if tag not in members:
            raise UnreadableError(f"{path} has no element {tag}")
        name, member = members[tag]
        if member.type_name == "list" and member.serialization.get("flattened"):
            found.setdefault(name, []).append(from_xml(member.member, child, f"{path}.{tag}"))
        else:
            found[name] = from_xml(member, child, f"{path}.{tag}")
    for key, text in element.attrib.items():  # xsi:type, of a grantee
        for tag, (name, member) in members.items():
            local = tag.rpartition(":")[2]
            if member.serialization.get("xmlAttribute") and key.rpartition("}")[2] == local:
                found[name] = text
    return found
