"""A recording -> the requests that AWS's models forbid, except those with a documented reason."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from botocore.validate import ParamValidator

from local.emulator.aws_limits import beyond_model, members
from tools.recorded_requests.form_body import read_form
from tools.recorded_requests.json_body import read_json
from tools.recorded_requests.recorded import Recorded, Request, UnreadableError, read_recording
from tools.recorded_requests.rest import read_rest


@dataclass(frozen=True)
class AllowedRequest:
    """An accepted violation, and the reason."""

    violation: str
    """A regular expression that matches the whole text of the violation."""
    reason: str


EXCEPTIONS: tuple[AllowedRequest, ...] = ()


def read(recorded: Recorded) -> Request:
    """Return the operation and the parameters of a recorded request.

    Raises:
        UnreadableError: The service has no such operation, or no such parameter.
    """
    if "x-amz-target" in recorded.headers:
        return read_json(recorded)
    if recorded.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return read_form(recorded)
    if recorded.model.metadata["protocol"] in ("rest-json", "rest-xml"):
        return read_rest(recorded)
    raise UnreadableError(f"{recorded.method} {recorded.path} has no protocol of the service")


def violations(recorded: Recorded) -> Iterator[str]:
    """Yield the violations of AWS's model of the service in a request."""
    try:
        request = read(recorded)
    except (UnreadableError, json.JSONDecodeError) as error:
        yield f"{recorded.service}: {error}"
        return
    shape = request.operation.input_shape
    if shape is None:
        return
    report = ParamValidator().validate(request.parameters, shape)
    if report.has_errors():
        yield f"{request.name}: {report.generate_report()}"
        return
    for found in (
        *beyond_model(shape, request.parameters, ""),
        *_against_patterns(shape, request.parameters, ""),
    ):
        yield f"{request.name}{found}"


def violations_of(path: Path) -> list[str]:
    """Return the violations of a recording, each once, without the accepted ones."""
    found = {text for recorded in read_recording(path) for text in violations(recorded)}
    return sorted(
        text
        for text in found
        if not any(re.fullmatch(each.violation, text, re.DOTALL) for each in EXCEPTIONS)
    )


def _against_patterns(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield the texts that do not match their model's pattern."""
    pattern = shape.metadata.get("pattern")
    if pattern and isinstance(value, str):
        compiled = _compiled(pattern)
        if compiled and not compiled.fullmatch(value):
            yield f"{path}: {value!r} does not match {pattern}"
    for inner, at, member in members(shape, value):
        yield from _against_patterns(member, inner, f"{path}.{at}")


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a Java pattern; return None if Python cannot express it."""
    for java, python in ((r"\p{L}", r"\w"), (r"\p{Z}", r"\s"), (r"\p{N}", r"\d"), (r"\z", r"\Z")):
        pattern = pattern.replace(java, python)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # on "[[": literal in both
        try:
            return re.compile(pattern)
        except re.error:
            return None
