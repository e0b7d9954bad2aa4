"""The environment variables of each function: the stack writes them, the handler reads them.

``stacks`` imports this module, so the module imports only the standard library.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Self, get_type_hints


class LambdaEnvironmentError(LookupError):
    """A variable is not set, or its value has not the right type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaEnvironment:
    """The values that a function reads; a field's name in capitals is the name of its variable.

    A text is written unchanged, any other value as JSON.
    """

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ) -> Self:
        """Return the values in *variables*, or raise LambdaEnvironmentError."""
        types = _types(cls)  # type: ignore[arg-type]  # https://github.com/python/mypy/issues/20409
        return cls(
            **{
                field.name: _parsed(variables, field.name.upper(), types[field.name])
                for field in fields(cls)
            }
        )

    def variables(self) -> dict[str, str]:
        """Return the variables with these values."""
        values = {field.name.upper(): getattr(self, field.name) for field in fields(self)}
        return {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in values.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryEnvironment(LambdaEnvironment):
    """The environment of every function: Powertools reads the first two; each log line has the third.

    https://docs.aws.amazon.com/powertools/python/latest/environment_variables/
    """

    powertools_service_name: str
    powertools_metrics_namespace: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifyEnvironment(LambdaEnvironment):
    """The environment of ``classify_upload``."""

    event_bus_name: str
    job_dir_suffix: str
    manifest_suffix: str
    upload_queue_url: str
    upload_dead_letters_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEnvironment(LambdaEnvironment):
    """The environment of ``record_upload``."""

    upload_event_table: str
    expiry_days: int
    record_queue_url: str
    record_dead_letters_url: str
    set_table: str
    job_dir_suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepEnvironment(LambdaEnvironment):
    """The environment of ``sweep_sets``."""

    set_table: str
    event_bus_name: str
    upload_bucket: str
    job_dir_suffix: str
    manifest_suffix: str
    manifest_due_seconds: int
    state_machine_arn: str
    notify_function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEnvironment(LambdaEnvironment):
    """The environment of ``reconcile_check``."""

    upload_event_table: str
    outcome_table: str
    set_table: str
    reports_bucket: str
    verify_objects: bool
    verify_content: str
    """``stored``, ``read`` or ``none``."""
    ignore_unexpected: tuple[str, ...]
    expiry_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyEnvironment(CheckEnvironment):
    """The environment of ``reconcile_notify``, which compares once more and then publishes."""

    event_bus_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyEnvironment(LambdaEnvironment):
    """The environment of ``verify_content``."""

    reports_bucket: str


@cache
def _types(environment: type[LambdaEnvironment]) -> dict[str, Any]:
    """Return the fields' types: a handler reads its environment several times a call."""
    return get_type_hints(environment)


def _parsed(variables: Mapping[str, str], name: str, type_: Any) -> Any:
    text = variables.get(name)
    if not text:
        raise LambdaEnvironmentError(
            f"The environment variable {name} is not set: deploy the stack again, which sets it"
        )
    if type_ is str:
        return text
    expected, holds, made = PARSED[type_]
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not holds(value):
        raise LambdaEnvironmentError(
            f"The environment variable {name} is {text!r}: it must be JSON for {expected}"
        )
    return made(value)


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


PARSED: Mapping[Any, tuple[str, Callable[[Any], bool], Callable[[Any], Any]]] = {
    int: ("a whole number", lambda value: type(value) is int, int),
    bool: ("true or false", lambda value: type(value) is bool, bool),
    tuple[str, ...]: ("a list of texts", _is_list_of_texts, tuple),
}
"""By a field's type: the description of its JSON, a check, and a conversion to the field's value."""
