"""The last look at a set that is not complete. It calls the real adapters as Notify does."""

from __future__ import annotations

import time
from collections.abc import Callable

from tools.benchmarks.errors import BenchmarkError
from tools.benchmarks.ours import Ours
from tools.benchmarks.synthetic_set import Form

CALL_CPU_SECONDS = 5
"""Short, so that a large set takes several calls; each call continues where the previous one stopped."""


class Look:
    """Runs a first check, and then the last look until its report is complete."""

    def __init__(self, form: Form) -> None:
        self._ours = Ours(form)
        self.invocations = 0

    def check(self, iteration: int) -> bool:
        """Return whether the number of listed keys in the report equals the count."""
        from handlers.aws import reconciliation  # importing the handler creates its clients
        from handlers.core.errors import LookUnfinishedError
        from handlers.core.execution import Execution

        self._ours.check(iteration)
        execution = Execution.from_event(self._ours.event())
        if execution.checked is None:
            raise BenchmarkError("The first check returned nothing")
        while True:
            self.invocations += 1
            report = reconciliation.report_of(execution)
            look = reconciliation.last_look(execution, execution.checked, report)
            try:
                found = look.result(_out_of_time(after_seconds=CALL_CPU_SECONDS))
            except LookUnfinishedError:
                continue
            return found is not None and report.suspend()["lines"] == found.counts.total() > 0


def _out_of_time(*, after_seconds: float) -> Callable[[], bool]:
    """Return a function that returns whether this process has used up its processor time."""
    end = time.process_time() + after_seconds
    return lambda: time.process_time() > end
