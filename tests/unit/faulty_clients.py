"""Clients that fail once in an invocation: before a call takes effect, or afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from botocore.exceptions import ReadTimeoutError

from tests.unit.fakes import FakeAws
from tests.unit.refusals import client_error


class ProcessLost(BaseException):
    """The process ends: it is killed, out of memory, or at its time limit."""


class Kind(StrEnum):
    """The kinds of failures of a call to AWS."""

    LOST = "the process is lost"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    TIMED_OUT = "timed out"
    SENT_TWICE = "sent twice, for want of the first answer"
    REFUSED_IN_PART = "answered, and an entry refused"


@dataclass(frozen=True)
class Fault:
    """A fault of one invocation."""

    kind: Kind
    call: int
    """The number of the failing call, from 1 on."""
    after: bool = False
    """True if the call takes effect."""
    lasts: bool = False
    """True if all later calls of the invocation also fail."""


NO_FAULT = Fault(Kind.LOST, call=0)


@dataclass
class Faults:
    """Counts the calls of an invocation, and makes one of them fail."""

    account: FakeAws
    fault: Fault = NO_FAULT
    calls: int = 0

    def begin(self, fault: Fault) -> None:
        """Start to count the calls of an invocation, which has *fault*."""
        self.fault, self.calls = fault, 0
        refused = fault.kind is Kind.REFUSED_IN_PART and fault.call > 0
        self.account.events.refuses = lambda entry: refused
        self.account.sqs.refuses = lambda handle: refused

    def call(self, take_effect: Callable[[], Any]) -> Any:
        """Make a call to AWS."""
        self.calls += 1
        fault = self.fault
        hit = self.calls == fault.call or (fault.lasts and self.calls > fault.call > 0)
        if not hit or fault.kind is Kind.REFUSED_IN_PART:
            return take_effect()
        if fault.kind is Kind.SENT_TWICE:
            take_effect()
            return take_effect()
        if fault.after and fault.kind is not Kind.THROTTLED:
            take_effect()
        raise {
            Kind.LOST: ProcessLost(),
            Kind.THROTTLED: client_error("ThrottlingException", 400),
            Kind.UNAVAILABLE: client_error("InternalServerError", 500),
            Kind.TIMED_OUT: ReadTimeoutError(endpoint_url="https://aws"),
        }[fault.kind]


class Faulty:
    """A client whose calls *faults* counts."""

    def __init__(self, client: Any, faults: Faults) -> None:
        self._client = client
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if name == "exceptions" or not callable(attribute):
            return attribute
        return lambda *given, **named: self._faults.call(lambda: attribute(*given, **named))


def faulty(account: FakeAws) -> tuple[FakeAws, Faults]:
    """Return the *account* for handlers, and the object that makes its calls fail."""
    faults = Faults(account)
    clients: dict[str, Any] = {
        each.name: Faulty(getattr(account, each.name), faults)
        for each in fields(FakeAws)
        if each.name != "clock"
    }
    return FakeAws(**clients, clock=account.clock), faults
