"""local.emulator.lambda_gaps: an error's type is the class of the exception, as on AWS."""

from __future__ import annotations

import traceback
from types import SimpleNamespace
from typing import Any

import pytest

from handlers.core.errors import ManifestError
from local.emulator.lambda_gaps import UNTYPED, mend_lambda


class OddError(Exception):
    """An error whose text is *text*."""


def handler(error: Exception) -> None:
    """Raise *error*."""
    raise error


def failed(error: Exception, *, printed: str = "") -> dict[str, Any]:
    """Return the emulator's response after a handler raises *error*, with the patch."""
    try:
        handler(error)
    except Exception as caught:
        log = "\n".join(filter(None, [printed, traceback.format_exc()]))
        body = {"errorMessage": str(caught), "errorType": UNTYPED}
    functions = SimpleNamespace(
        _execute_function_warm=lambda *_: {"body": body, "error": True, "log": log}
    )
    mend_lambda(functions)
    answer: dict[str, Any] = functions._execute_function_warm({}, {}, "request")
    return answer


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ManifestError("Line 3, 'a: b', is not in the folder"), "ManifestError"),
        (OddError("two\nlines: ValueError: no\n"), "OddError"),
        (OddError(""), "OddError"),
        (OddError("\n"), "OddError"),
        (ValueError("no"), "ValueError"),
        (KeyError("x"), "KeyError"),
    ],
    ids=repr,
)
def test_an_exception_is_reported_under_its_class(error: Exception, name: str) -> None:
    answer = failed(error, printed='{"message": "Checked"}')
    assert answer["body"] == {"errorMessage": str(error), "errorType": name}


def test_the_class_is_that_of_the_last_exception() -> None:
    """A traceback has the causes first."""
    error = ManifestError("It is empty")
    error.__cause__ = KeyError("first")
    assert failed(error)["body"]["errorType"] == "ManifestError"


@pytest.mark.parametrize(
    "answer",
    [
        {"body": {"a": 1}, "log": "Traceback: KeyError"},
        {"body": {"errorMessage": "late", "errorType": "Sandbox.Timedout"}, "error": True},
        {"body": {"errorMessage": "Worker died", "errorType": UNTYPED}, "error": True, "log": ""},
        {"body": "text", "error": True},
    ],
)
def test_other_responses_are_unchanged(answer: dict[str, Any]) -> None:
    functions = SimpleNamespace(_execute_function_warm=lambda *_: dict(answer))
    mend_lambda(functions)
    assert functions._execute_function_warm({}, {}, "request") == answer
