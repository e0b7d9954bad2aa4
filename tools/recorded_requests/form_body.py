"""Forms of the query protocol, and of EC2's protocol, which names lists and members differently."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from tools.recorded_requests.recorded import Recorded, Request, UnreadableError
from tools.recorded_requests.scalars import from_text

NOT_PARAMETERS = {"Action", "Version"}


def read_form(recorded: Recorded) -> Request:
    """Read a request of the query protocol or of EC2's protocol: the field Action names the operation."""
    sent = dict(parse_qsl(recorded.body.decode(), keep_blank_values=True)) | dict(recorded.query)
    model, name = recorded.model, sent.get("Action", "")
    if name not in model.operation_names:
        raise UnreadableError(f"{recorded.service} has no operation {name}")
    operation = model.operation_model(name)
    if sent.get("Version") != model.api_version:
        raise UnreadableError(
            f"{name} is of version {sent.get('Version')}, not {model.api_version}"
        )
    form = Form(
        {field: value for field, value in sent.items() if field not in NOT_PARAMETERS},
        is_ec2=model.metadata["protocol"] == "ec2",
    )
    shape = operation.input_shape
    parameters = form.structure(shape, "") if shape else {}
    if unread := set(form.fields) - form.read:
        raise UnreadableError(f"{name} has no {', '.join(sorted(unread))}")
    return Request(operation, parameters)


class Form:
    """The fields of a form, and the names of those that were read."""

    def __init__(self, fields: dict[str, str], *, is_ec2: bool) -> None:
        self.fields = fields
        self.read: set[str] = set()
        self._is_ec2 = is_ec2

    def structure(self, shape: Any, prefix: str) -> dict[str, Any]:
        """Return the members of *shape* that the form contains."""
        found = {}
        for name, member in shape.members.items():
            field = f"{prefix}{self._name(name, member)}"
            if self._has(field):
                found[name] = self._value(member, field)
        return found

    def _value(self, shape: Any, field: str) -> Any:
        match shape.type_name:
            case "structure":
                return self.structure(shape, f"{field}.")
            case "list":
                return self._list(shape, field)
            case "map":
                return self._map(shape, field)
        if field not in self.fields:
            return {}  # nested fields where a scalar is expected: the validator refuses them
        self.read.add(field)
        return from_text(shape, self.fields[field])

    def _list(self, shape: Any, field: str) -> list[Any]:
        if self.fields.get(field) == "":  # an empty list
            self.read.add(field)
            return []
        if not self._is_ec2 and not shape.serialization.get("flattened"):
            field = f"{field}.{shape.member.serialization.get('name', 'member')}"
        return [self._value(shape.member, each) for each in self._numbered(field)]

    def _map(self, shape: Any, field: str) -> dict[str, Any]:
        if not shape.serialization.get("flattened"):
            field = f"{field}.entry"
        key = shape.key.serialization.get("name", "key")
        value = shape.value.serialization.get("name", "value")
        return {
            self._value(shape.key, f"{each}.{key}"): self._value(shape.value, f"{each}.{value}")
            for each in self._numbered(field)
        }

    def _numbered(self, field: str) -> list[str]:
        """Return the form's fields ``field.1``, ``field.2`` and so on."""
        pattern = re.compile(rf"{re.escape(field)}\.(\d+)(?:\.|$)")
        numbers = {int(match[1]) for name in self.fields if (match := pattern.match(name))}
        return [f"{field}.{number}" for number in sorted(numbers)]

    def _has(self, field: str) -> bool:
        return any(name == field or name.startswith(f"{field}.") for name in self.fields)

    def _name(self, name: str, member: Any) -> str:
        """Return a member's name on the wire."""
        given = member.serialization.get("name")
        if not self._is_ec2:
            return str(given or name)
        own = member.serialization.get("queryName")
        return str(own or (f"{given[0].upper()}{given[1:]}" if given else name))
