"""Exit status and error output of the commands."""

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

    SIGTERM and SIGHUP interrupt the command like Ctrl-C, so that it ends the processes it has
    started; then *interrupted* is printed. For CommandError, *errors* and a full disk, one sentence
    is printed. Any other error is a bug in this project and is raised.
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
