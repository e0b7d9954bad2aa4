"""Measure one side of one case."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tools.benchmarks.counts import Counts, lambda_dollars
from tools.benchmarks.errors import BenchmarkError
from tools.benchmarks.ours import MEMORY_MB
from tools.benchmarks.running_stub import RunningStub
from tools.benchmarks.synthetic_set import Form

Who = Literal["ours", "baseline", "look", "heads"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The resources that a reconciliation used."""

    cpu_seconds: float
    wall_seconds: float
    peak_mib: float
    invocations: float
    complete_at: int | None
    """The iteration that found the dataset complete."""
    requests: float
    read_units: float
    request_dollars: float
    sent_bytes: float
    """The bytes of answers that were read."""
    estimated: bool = False
    """True if some of the iterations were measured, and the others estimated."""

    @property
    def dollars(self) -> float:
        """Return the total price; the price of Lambda is that of the memory that the function needs."""
        return self.request_dollars + lambda_dollars(
            seconds=self.wall_seconds,
            memory_mib=max(MEMORY_MB, self.peak_mib),
            invocations=self.invocations,
        )

    def scaled(self, factor: float) -> Measurement:
        """Return an estimate for *factor* times as many iterations."""
        return replace(
            self,
            cpu_seconds=self.cpu_seconds * factor,
            wall_seconds=self.wall_seconds * factor,
            invocations=self.invocations * factor,
            requests=self.requests * factor,
            read_units=self.read_units * factor,
            request_dollars=self.request_dollars * factor,
            sent_bytes=self.sent_bytes * factor,
            estimated=True,
        )

    def __add__(self, other: Measurement) -> Measurement:
        return Measurement(
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            wall_seconds=self.wall_seconds + other.wall_seconds,
            peak_mib=max(self.peak_mib, other.peak_mib),
            invocations=self.invocations + other.invocations,
            complete_at=other.complete_at,
            requests=self.requests + other.requests,
            read_units=self.read_units + other.read_units,
            request_dollars=self.request_dollars + other.request_dollars,
            sent_bytes=self.sent_bytes + other.sent_bytes,
            estimated=self.estimated or other.estimated,
        )


def measure(stub: RunningStub, who: Who, form: Form, iterations: Sequence[int]) -> Measurement:
    """Run *iterations* of *who* on the dataset of *stub*, in a fresh process."""
    stub.take_counts()
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with tempfile.TemporaryDirectory(prefix="vault-benchmark-") as folder:
        results = Path(folder) / "results.json"
        command = [
            sys.executable,
            "-m",
            "tools.benchmarks.subject",
            who,
            form,
            json.dumps(iterations),
        ]
        ended = subprocess.run(
            [*command, str(results)],
            env={**own, **stub.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            raise BenchmarkError(f"{who} ended with {ended.returncode}:\n{ended.stderr[-2000:]}")
        found = json.loads(results.read_text())
    return _measurement(found, stub.take_counts())


def _measurement(found: dict[str, Any], counts: Counts) -> Measurement:
    return Measurement(
        cpu_seconds=found["cpu_seconds"],
        wall_seconds=found["wall_seconds"],
        peak_mib=found["peak_mib"],
        invocations=found["invocations"],
        complete_at=found["complete_at"],
        requests=counts.requests.total(),
        read_units=counts.read_units,
        request_dollars=counts.dollars(),
        sent_bytes=counts.sent_bytes,
    )
