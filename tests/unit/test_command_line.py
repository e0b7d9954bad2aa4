"""deployment.command_line: exit statuses and error messages of commands."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from typing import NoReturn

import pytest

from deployment.command_line import exit_status
from deployment.errors import CommandError


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def raising(error: BaseException) -> int:
    def command() -> NoReturn:
        raise error

    return exit_status(command, interrupted="Interrupted.")


def test_the_status_is_the_commands() -> None:
    assert exit_status(lambda: 3, interrupted="") == 3


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (CommandError("The port is taken."), 1, "The port is taken.\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/tmp/a"),
            1,
            "The disk that holds /tmp/a is full: make room, or set TMPDIR to another.\n",
        ),
    ],
)
def test_an_expected_error_is_printed_as_a_sentence(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int, sentence: str
) -> None:
    assert raising(error) == status
    assert capsys.readouterr().err == sentence


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "Permission denied"), ValueError("a")])
def test_an_unexpected_error_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)):
        raising(error)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_as_ctrl_c_does(number: int) -> None:
    def command() -> int:
        os.kill(os.getpid(), number)
        return 0

    assert exit_status(command, interrupted="Interrupted.") == 130
