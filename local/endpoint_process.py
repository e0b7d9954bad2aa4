"""The life of an endpoint's process: started, told from others by a token, ended with its children."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from local.errors import LocalError
from local.processes import command_line, is_running

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0
END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class EndpointProcess:
    """An endpoint that answers; its ``token``, an argument of it, tells it from any other process."""

    pid: int
    port: int
    token: str
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False, compare=False)
    """Ours, if it is tied to us: the pipe that it watches is open as long as this object lives."""

    @property
    def url(self) -> str:
        """Where it listens. By address, for ``localhost`` would make host names of buckets."""
        return f"http://127.0.0.1:{self.port}"

    def is_running(self) -> bool:
        """Tell whether it still is the process that we started."""
        return is_running(self.pid) and self.token in command_line(self.pid)

    def end(self) -> None:
        """End it and every process that runs a Lambda function for it; that it has ended already is fine."""
        if self.is_running():
            os.kill(self.pid, signal.SIGTERM)
            deadline = time.monotonic() + END_SECONDS
            while self.is_running() and time.monotonic() < deadline:
                time.sleep(0.05)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        if self.child:
            self.child.communicate()


def start(folder: Path, *, port: int, region: str, tied: bool, seed: int = 0) -> EndpointProcess:
    """Start an endpoint that serves the file shares below *folder*; one that is *tied* ends when we do.

    Raises:
        LocalError: It ended at once, for the reason that its log gives: a taken port, say.
    """
    token, ready_file, log = uuid.uuid4().hex, folder / "endpoint.json", folder / "endpoint.log"
    command = [sys.executable, "-m", "local.endpoint", "--token", token, "--port", str(port)]
    command += ["--folder", str(folder), "--region", region, "--seed", str(seed)]
    if tied:
        command.append("--until-stdin-closes")
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, ready_file, log)
    except BaseException:
        process.kill()
        process.wait()
        raise
    port = json.loads(ready_file.read_text())["port"]
    return EndpointProcess(process.pid, port, token, process if tied else None)


def _wait_until_ready(process: subprocess.Popen[bytes], ready_file: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready_file.exists():
        if process.poll() is not None:
            lines = log.read_text(errors="replace").split("\n")
            raise LocalError(
                next((line for line in reversed(lines) if line), "The endpoint ended at once.")
            )
        if time.monotonic() > deadline:
            raise LocalError(
                f"The endpoint did not answer within {START_SECONDS:.0f} s: see {log}."
            )
        time.sleep(0.05)
