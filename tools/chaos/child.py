"""Child processes that end with their parent, even if the parent crashes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Child:
    """Runs a module of this package in a separate process, and appends its log to *log*."""

    def __init__(self, module: str, *arguments: str, log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"tools.chaos.{module}", *arguments],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # only the parent handles Ctrl-C: it ends its children
            )

    @property
    def status(self) -> int | None:
        """The exit status of the process; None as long as it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """End the process at once, as a crash does. It may have ended already."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


def end_with_parent() -> None:
    """End this process when its standard input closes, because its parent has then ended."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
