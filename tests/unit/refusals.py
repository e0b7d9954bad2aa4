"""Exceptions of boto3, for fakes of its clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from botocore.exceptions import ClientError, ParamValidationError

from local.emulator import aws_limits


def client_error(code: str, status: int, message: str = "") -> ClientError:
    """Return the exception that boto3 raises for an error response."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": cast(Any, {"HTTPStatusCode": status}),
        },
        "Operation",
    )


def check(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise boto3's exception if boto3 or AWS refuses *parameters*."""
    try:
        aws_limits.check(service, operation, parameters)
    except aws_limits.RefusedByAwsError as error:
        if error.code == "ParamValidationError":
            raise ParamValidationError(report=error.message) from error
        raise client_error(error.code, 400, error.message) from error
