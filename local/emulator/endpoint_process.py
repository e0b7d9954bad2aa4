"""The process of an endpoint: start it, identify it by a token, and end it with its children."""

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

from deployment.errors import CommandError
from deployment.processes import command_line, is_running

ROOT = Path(__file__).parents[2]
HELD_BACK = "held-back"
"""The file of held-back keys in an endpoint's folder; each key follows the name of its share."""

START_SECONDS = 60.0
END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class EndpointProcess:
    """A running endpoint. The token in its command line distinguishes it from other processes."""

    pid: int
    port: int
    token: str
    region: str
    appliance_address: str
    """The address of the simulated appliance, which returns activation keys, as ``host:port``."""
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False, compare=False)
    """The process if it is tied to this one: it watches a pipe that is open as long as this object lives."""

    @property
    def url(self) -> str:
        """The URL, with an address: for ``localhost``, boto3 would put bucket names into host names."""
        return f"http://127.0.0.1:{self.port}"

    def is_running(self) -> bool:
        """Return whether the process is still the one that was started."""
        return is_running(self.pid) and self.token in command_line(self.pid)

    def end(self) -> None:
        """End the process and those of its Lambda functions; it may have ended already."""
        if self.is_running():
            os.kill(self.pid, signal.SIGTERM)
            deadline = time.monotonic() + END_SECONDS
            while self.is_running() and time.monotonic() < deadline:
                time.sleep(0.05)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        if self.child:
            self.child.communicate()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """The options of an endpoint."""

    port: int = 0
    """0 picks a free one."""
    region: str = "eu-west-1"
    tied: bool = True
    """If true, the endpoint ends when this process ends, in whatever way."""
    seed: int = 0
    """The seed for the order of upload events."""
    enforce_iam: bool = False
    """Whether a request that no role and no bucket policy allows is refused, as on AWS."""
    disturbed: bool = False
    """Whether deliveries can be disturbed, for ``make chaos``."""

    def arguments(self) -> list[str]:
        """Return the options as arguments of ``python -m local.emulator.server``."""
        flags = {
            "--until-stdin-closes": self.tied,
            "--enforce-iam": self.enforce_iam,
            "--disturbed": self.disturbed,
        }
        values = ["--port", str(self.port), "--region", self.region, "--seed", str(self.seed)]
        return values + [flag for flag, is_set in flags.items() if is_set]


def start(folder: Path, options: EndpointOptions) -> EndpointProcess:
    """Start an endpoint with its files in *folder*.

    Raises:
        CommandError: It ended at once, for example because the port is taken; the text is from its
            log.
    """
    token, ready_file, log = uuid.uuid4().hex, folder / "endpoint.json", folder / "endpoint.log"
    command = [
        sys.executable,
        "-m",
        "local.emulator.server",
        "--folder",
        str(folder),
        "--token",
        token,
    ]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, *options.arguments()],
            cwd=ROOT,
            stdin=subprocess.PIPE if options.tied else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, ready_file, log)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    ready = json.loads(ready_file.read_text())
    return EndpointProcess(
        process.pid,
        ready["port"],
        token,
        options.region,
        ready["applianceAddress"],
        process if options.tied else None,
    )


def _wait_until_ready(process: subprocess.Popen[bytes], ready_file: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready_file.exists():
        if process.poll() is not None:
            lines = log.read_text(errors="replace").split("\n")
            raise CommandError(
                next((line for line in reversed(lines) if line), "The endpoint ended at once.")
            )
        if time.monotonic() > deadline:
            raise CommandError(
                f"The endpoint did not answer within {START_SECONDS:.0f} s: see {log}."
            )
        time.sleep(0.05)
