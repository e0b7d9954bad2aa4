"""A gap of the emulator's Lambda closed: it reports every Python exception as one error type.

AWS reports the exception's class, by which a state machine's Retry and Catch find it.
https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

UNTYPED = "Runtime.HandlerError"
EXCEPTION = re.compile(r"[A-Za-z_][\w.]*")
Answer = dict[str, Any]
Invoke = Callable[..., Answer]


def mend_lambda(functions: Any) -> None:
    """Let the emulator's module *functions* report the class of what a handler raised."""
    invoke: Invoke = functions._execute_function_warm

    def invoke_typed(*arguments: Any, **options: Any) -> Answer:
        answer = invoke(*arguments, **options)
        body = answer.get("body")
        if answer.get("error") and isinstance(body, dict) and body.get("errorType") == UNTYPED:
            raised = exception_class(answer.get("log", ""), body)
            answer["body"] = body | {"errorType": raised or UNTYPED}
        return answer

    functions._execute_function_warm = invoke_typed


def exception_class(log: str, body: Mapping[str, Any]) -> str | None:
    """Return the class that a traceback at the end of *log* names; None without a traceback."""
    message = str(body.get("errorMessage", ""))
    ending = log.rstrip("\n").removesuffix(message.rstrip("\n")).removesuffix(": ")
    name = ending.rpartition("\n")[2]
    return name.rpartition(".")[2] if EXCEPTION.fullmatch(name) and "Traceback" in log else None
