"""Close a gap in the emulator's Lambda, which reports every Python exception as one error type.

AWS reports the exception's class; Retry and Catch of a state machine match it.
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
    """Patch the emulator's module *functions* so that it reports the class of a handler's exception."""
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
    """Return the class in the traceback at the end of *log*; None without a traceback."""
    message = str(body.get("errorMessage", ""))
    ending = log.rstrip("\n").removesuffix(message.rstrip("\n")).removesuffix(": ")
    name = ending.rpartition("\n")[2]
    return name.rpartition(".")[2] if EXCEPTION.fullmatch(name) and "Traceback" in log else None
