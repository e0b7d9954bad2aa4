"""A check of the account, its result, and the handling of failed requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from stacks.settings import Settings


class State(StrEnum):
    """The result of a check."""

    GREEN = "green"
    RED = "red"
    NOT_ANSWERED = "not answered"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, the observed values, and the remedy unless it is green."""

    state: State
    seen: str
    remedy: str = ""


def green(seen: str) -> Finding:
    """Return a finding without a problem."""
    return Finding(State.GREEN, seen)


def red(seen: str, remedy: str) -> Finding:
    """Return a finding that would make a deployment fail, or leave a failure unnoticed."""
    return Finding(State.RED, seen, remedy)


def not_answered(seen: str, remedy: str = "") -> Finding:
    """Return a finding without an answer."""
    return Finding(State.NOT_ANSWERED, seen, remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The AWS account, region and settings of the checks."""

    settings: Settings
    region: str
    client: Callable[[str], Any]
    """Makes a boto3 client of a service."""
    account_id: str | None = None
    """None if AWS accepts no credentials."""
    is_local: bool = False
    """Whether it is an emulator, whose answers on quotas, images and policies prove nothing."""
    take_lock: bool = True
    """Whether a lock object may be written to the state bucket and removed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question to AWS."""

    name: str
    ask: Callable[[Account], Finding]
    only_aws: bool = False
    """Whether an emulator cannot answer it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A check's name and its finding."""

    name: str
    finding: Finding


def run(checks: Iterable[Check], account: Account) -> Iterator[Result]:
    """Yield the result of each check; a check that AWS does not answer does not stop the others."""
    for check in checks:
        yield Result(name=check.name, finding=_answer(check, account))


def _answer(check: Check, account: Account) -> Finding:
    if check.only_aws and account.is_local:
        return not_answered("The local AWS cannot answer this.")
    try:
        return check.ask(account)
    except (BotoCoreError, ClientError) as error:
        return not_answered(
            str(error), "Allow the call that the error names, or ask who may make it."
        )
