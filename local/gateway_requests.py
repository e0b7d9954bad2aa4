"""Requests to the Storage Gateway API, checked against AWS's model of it, from botocore."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is, and in which region."""

    account: str
    region: str

    def arn(self, resource: str) -> str:
        """Name *resource* as Storage Gateway does."""
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
    """Refuse what AWS's model does not know: an operation, a missing field, a wrong type.

    Raises:
        RequestRefusedError: With AWS's exception for it.
    """
    model = storage_gateway_model()
    if operation not in model.operation_names:
        raise RequestRefusedError(
            f"Unknown operation {operation}.", kind="UnknownOperationException"
        )
    fields = model.operation_model(operation).input_shape
    report = ParamValidator().validate(request, fields) if fields else None
    if report and report.has_errors():
        raise RequestRefusedError(report.generate_report(), kind="ValidationException")
