"""How a command ends: with an exit status, and with a sentence on standard error if it fails."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Callable

from deployment.errors import CommandError

FAILED = 1
INTERRUPTED = 130
FULL = (errno.ENOSPC, errno.EDQUOT)


def exit_status(
    command: Callable[[], int], *, interrupted: str, errors: tuple[type[Exception], ...] = ()
) -> int:
    """Run *command* and return its exit status: 1 after an error, 130 after an interruption.

    SIGTERM and SIGHUP interrupt it as Ctrl-C does, so that it ends what it has started; then
    *interrupted* is printed. CommandError, *errors* and a full disk end with a sentence; any other error
    is a fault of ours, and raised.
    """
    expected: tuple[type[Exception], ...] = (CommandError, *errors)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return command()
    except expected as error:
        return _failed(str(error), FAILED)
    except OSError as error:
        if error.errno not in FULL:
            raise
        where = f" that holds {error.filename}" if error.filename else ""
        return _failed(f"The disk{where} is full: make room, or set TMPDIR to another.", FAILED)
    except KeyboardInterrupt:
        return _failed(interrupted, INTERRUPTED)


def _failed(sentence: str, status: int) -> int:
    print(sentence, file=sys.stderr)
    return status
