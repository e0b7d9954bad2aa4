"""``python -m tools.benchmarks.subject``: measure one reconciliation in its own process.

CPU seconds and wall time cover the checks only, without imports and the creation of clients.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Protocol

from tools.benchmarks.running_stub import RunningStub
from tools.benchmarks.synthetic_set import Form


class Subject(Protocol):
    """A reconciliation that can be measured."""

    invocations: int

    def check(self, iteration: int) -> bool:
        """Run one iteration, and return whether the dataset is complete."""


def subject(who: str, form: Form) -> Subject:
    """Import and return the reconciliation named *who*."""
    if who == "baseline":
        from tools.benchmarks.baseline import Baseline

        return Baseline(form)
    if who == "look":
        from tools.benchmarks.look import Look

        return Look(form)
    if who == "heads":
        from tools.benchmarks.heads import Heads

        return Heads()
    from tools.benchmarks.ours import Ours

    return Ours(form)


def cpu_seconds() -> float:
    """Return the CPU time that this process has used, in user mode and in the kernel."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_mib() -> float:
    """Return the peak resident memory, including imports."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 ** (2 if sys.platform == "darwin" else 1)


def main() -> None:
    """Run the requested iterations, and write their cost as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.benchmarks.subject")
    parser.add_argument("who", choices=("ours", "baseline", "look", "heads"))
    parser.add_argument("form", type=Form, choices=list(Form))
    parser.add_argument("iterations", type=json.loads)
    parser.add_argument("results", type=Path)
    options = parser.parse_args()
    measured = subject(options.who, options.form)
    stub = RunningStub(int(os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2]))
    cpu = wall = 0.0
    complete_at = None
    for iteration in options.iterations:
        stub.turn_to(iteration)
        before, started = cpu_seconds(), time.monotonic()
        complete = measured.check(iteration)
        cpu += cpu_seconds() - before
        wall += time.monotonic() - started
        if complete:
            complete_at = iteration
            break
    results = {
        "cpu_seconds": cpu,
        "wall_seconds": wall,
        "peak_mib": peak_mib(),
        "invocations": measured.invocations,
        "complete_at": complete_at,
    }
    options.results.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
