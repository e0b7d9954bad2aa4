"""The stub's process, and requests that set its dataset."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from tools.benchmarks.counts import Counts
from tools.benchmarks.errors import BenchmarkError
from tools.benchmarks.synthetic_set import Arrival, Form

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "benchmarks",
    "AWS_SECRET_ACCESS_KEY": "benchmarks",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
"""The variables of a client of the stub; none of the user's AWS variables may reach it."""


@dataclass(frozen=True, slots=True)
class RunningStub:
    """A stub that listens on a port of this machine."""

    port: int

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that let a process use the stub as AWS."""
        return {**ENVIRONMENT, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}

    def show(self, files: int, arrival: Arrival, form: Form, *, shuffled: bool = False) -> None:
        """Give the stub a dataset that has arrived completely."""
        self._control(
            "dataset", {"files": files, "arrival": arrival, "form": form, "shuffled": shuffled}
        )

    def turn_to(self, iteration: int) -> None:
        """Make the stub return only the uploads that have arrived by *iteration*."""
        self._control("iteration", iteration)

    def take_counts(self) -> Counts:
        """Return the counts since the previous call."""
        return Counts.from_payload(json.loads(self._control("counts", None)))

    def _control(self, command: str, value: Any) -> bytes:
        connection = HTTPConnection("127.0.0.1", self.port)
        try:
            connection.request("POST", f"/_benchmarks/{command}", json.dumps(value))
            answer = connection.getresponse()
            if answer.status != 200:
                raise BenchmarkError(f"The stub answered {answer.status} to {command!r}")
            return answer.read()
        finally:
            connection.close()


@contextmanager
def running_stub() -> Iterator[RunningStub]:
    """Start a stub, and end it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tools.benchmarks.stub"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdout is None or process.stdin is None:
            raise BenchmarkError("The stub has no pipes")
        try:
            port = process.stdout.readline()
            if not port:
                raise BenchmarkError("The stub did not start: its error output is above")
            yield RunningStub(int(port))
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
