"""A recorded line -> the service, the operation and the parameters of a request."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

import botocore.session
from botocore.model import OperationModel, ServiceModel

SERVICES = {
    "states": "stepfunctions",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
}
"""Service names in botocore, by the names in signatures where they differ."""


class UnreadableError(Exception):
    """The request matches no operation of its service, or has a parameter that cannot be read."""


@dataclass(frozen=True)
class Recorded:
    """A recorded request."""

    service: str
    method: str
    path: str
    """The percent-encoded path, as it was sent."""
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: bytes
    is_cut: bool = False
    """True if only the start of the body was recorded."""

    @classmethod
    def from_line(cls, line: dict[str, Any]) -> Self:
        """Read a line of the recording."""
        return cls(
            service=SERVICES.get(line["service"], line["service"]),
            method=line["method"],
            path=line["path"],
            query=tuple(parse_qsl(line["query"], keep_blank_values=True)),
            headers=line["headers"],
            body=base64.b64decode(line["body"]),
            is_cut=line["cut"],
        )

    @property
    def is_of_terraform(self) -> bool:
        """True if Terraform or its provider sent the request."""
        return "HashiCorp" in self.headers.get("user-agent", "")

    @cached_property
    def model(self) -> ServiceModel:
        """The model of the service."""
        return model_of(self.service)


@dataclass(frozen=True)
class Request:
    """A request as its service interprets it."""

    operation: OperationModel
    parameters: dict[str, Any]

    @property
    def name(self) -> str:
        """The service and the operation, as in ``sqs:CreateQueue``."""
        return f"{self.operation.service_model.service_name}:{self.operation.name}"


@cache
def model_of(service: str) -> ServiceModel:
    """Return the model of a service."""
    return botocore.session.get_session().get_service_model(service)


def read_recording(path: Path) -> Iterator[Recorded]:
    """Yield each signed request of a recording once, without its repetitions."""
    seen: set[str] = set()
    with path.open(encoding="utf-8") as lines:
        for text in lines:
            if text in seen:
                continue
            seen.add(text)
            line = json.loads(text)
            if line["service"] is not None:
                yield Recorded.from_line(line)
