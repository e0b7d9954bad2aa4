"""Requests to the Storage Gateway API, checked against AWS's model in botocore."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel, StructureShape
from botocore.validate import ParamValidator

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """The account and region of a request."""

    account: str
    region: str

    def arn(self, resource: str) -> str:
        """Return the ARN of *resource* in Storage Gateway's format."""
        return f"arn:aws:storagegateway:{self.region}:{self.account}:{resource}"


class RequestRefusedError(Exception):
    """A request that AWS answers with status 400; ``body`` is that answer."""

    def __init__(
        self, message: str, *, code: str | None = None, kind: str = "InvalidGatewayRequestException"
    ) -> None:
        super().__init__(message)
        self.body: Json = {"__type": kind, "message": message}
        if code is not None:
            self.body["error"] = {"errorCode": code, "errorDetails": {}}


@cache
def storage_gateway_model() -> ServiceModel:
    """Load the model once; it takes a tenth of a second."""
    return botocore.session.get_session().get_service_model("storagegateway")


def check_request(operation: str, request: Json) -> None:
    """Refuse a request that AWS's model excludes: operation, missing field, type or pattern.

    Raises:
        RequestRefusedError: It has AWS's exception type.
    """
    model = storage_gateway_model()
    if operation not in model.operation_names:
        raise RequestRefusedError(
            f"Unknown operation {operation}.", kind="UnknownOperationException"
        )
    fields = model.operation_model(operation).input_shape
    if fields is None:
        return
    report = ParamValidator().validate(request, fields)
    problems = [report.generate_report()] if report.has_errors() else [*_misshapen(fields, request)]
    if problems:
        raise RequestRefusedError("\n".join(problems), kind="ValidationException")


def _misshapen(fields: StructureShape, request: Json) -> Iterator[str]:
    """Yield the problems of texts that are too long, or do not match a pattern or an enumeration."""
    for name, value in request.items():
        rules = fields.members[name].metadata
        if not isinstance(value, str):
            continue
        if len(value) > rules.get("max", len(value)):
            yield f"{name} is longer than {rules['max']} characters."
        if not re.search(rules.get("pattern", ""), value):
            yield f"{name} is {value!r}, which does not match {rules['pattern']}."
        if value not in rules.get("enum", [value]):
            yield f"{name} is {value!r}, which is not among {', '.join(rules['enum'])}."
