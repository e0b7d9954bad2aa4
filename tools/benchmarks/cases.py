"""The cases, and the measurement of both sides of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tools.benchmarks.errors import BenchmarkError
from tools.benchmarks.measurement import Measurement, Who, measure
from tools.benchmarks.running_stub import RunningStub
from tools.benchmarks.synthetic_set import ITERATIONS, WITHOUT_CHECKSUMS, Arrival, Form

SAMPLED_FROM_FILES = 100_000
"""With this number of files or more, the baseline runs only some iterations of an arrival."""
SAMPLED_ITERATIONS = (3, 7, 13, 17)
"""Their mean is the mean of 1 to 19, and the baseline's work grows with the iteration."""
SAMPLED_HEADS = 20_000
"""The number of HEADs of the baseline, with more files than that."""
REPEATED_BELOW_FILES = 100_000
REPEATS = 3
EVERY_ITERATION = range(1, ITERATIONS + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A state of a dataset."""

    name: str
    arrival: Arrival = Arrival.AT_ONCE
    shuffled: bool = False
    """True if the manifest is unsorted."""


COMPLETE = Case(name="complete")
CONTENT = Case(name="content, stored")
CASES = (
    COMPLETE,
    Case(name="arriving-in-order", arrival=Arrival.IN_ORDER),
    Case(name="arriving-at-random", arrival=Arrival.AT_RANDOM),
    Case(name="unsorted", shuffled=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The measurements of both sides of a case."""

    case: Case
    files: int
    form: Form
    ours: Measurement
    baseline: Measurement

    def payload(self) -> dict[str, str | int | float]:
        """Return the result in the form of ``latest.json``."""
        return {
            "case": self.case.name,
            "files": self.files,
            "form": self.form.value,
            "cpuSeconds": round(self.ours.cpu_seconds, 4),
            "baselineCpuSeconds": round(self.baseline.cpu_seconds, 4),
            "peakMib": round(self.ours.peak_mib, 1),
            "requests": self.ours.requests,
            "readUnits": self.ours.read_units,
            "baselineReadUnits": self.baseline.read_units,
        }


def results(stub: RunningStub, files: int, show: Callable[[str], None]) -> Iterator[Result]:
    """Measure every case with *files* files, and pass its name to *show*."""
    complete: dict[Form, Measurement] = {}
    for case in CASES:
        for form in WITHOUT_CHECKSUMS:
            show(f"{files:,} files, {case.name}, {form}")
            stub.show(files, case.arrival, form, shuffled=case.shuffled)
            ours = _median(stub, "ours", case, form, files)
            if files >= SAMPLED_FROM_FILES and case.arrival is not Arrival.AT_ONCE:
                # The last iteration has the same input as the complete case.
                baseline = _sampled(stub, form) + complete[form]
            else:
                baseline = _median(stub, "baseline", case, form, files)
            if case is COMPLETE:
                complete[form] = baseline
            for side in (ours, baseline):
                _require_complete(side, f"{files:,} files, {case.name}, {form}")
            yield Result(case=case, files=files, form=form, ours=ours, baseline=baseline)


def _median(stub: RunningStub, who: Who, case: Case, form: Form, files: int) -> Measurement:
    """Measure one side; repeat a short measurement three times."""
    iterations = [ITERATIONS] if case.arrival is Arrival.AT_ONCE else list(EVERY_ITERATION)
    repeats = REPEATS if files < REPEATED_BELOW_FILES else 1
    measured = [measure(stub, who, form, iterations) for _ in range(repeats)]
    measured.sort(key=lambda one: one.cpu_seconds)
    return measured[repeats // 2]


def _sampled(stub: RunningStub, form: Form) -> Measurement:
    """Estimate the baseline's cost of all iterations except the last."""
    measured = measure(stub, "baseline", form, SAMPLED_ITERATIONS)
    return measured.scaled((ITERATIONS - 1) / len(SAMPLED_ITERATIONS))


def scale(
    stub: RunningStub, sizes: list[int], show: Callable[[str], None]
) -> Iterator[tuple[int, Form, Measurement]]:
    """Measure only this project's reconciliation, with complete sets of *sizes* files."""
    for files in sizes:
        for form in WITHOUT_CHECKSUMS:
            show(f"{files:,} files, {COMPLETE.name}, {form}, ours alone")
            stub.show(files, Arrival.AT_ONCE, form)
            measured = measure(stub, "ours", form, [ITERATIONS])
            _require_complete(measured, f"{files:,} files, {form}")
            yield files, form, measured


def looks(
    stub: RunningStub, sizes: list[int], show: Callable[[str], None]
) -> Iterator[tuple[int, Form, Measurement]]:
    """Measure the last look at sets of *sizes* files, with one key in a hundred missing."""
    for files in sizes:
        for form in WITHOUT_CHECKSUMS:
            show(f"{files:,} files, the last look, {form}")
            stub.show(files, Arrival.ALL_BUT_A_HUNDREDTH, form)
            measured = measure(stub, "look", form, [1])
            if measured.complete_at != 1:
                raise BenchmarkError(f"{files:,} files, {form}: the report is not complete")
            yield files, form, measured


def verifications(
    stub: RunningStub, sizes: list[int], show: Callable[[str], None]
) -> Iterator[Result]:
    """Measure the verification of content, beside a loop of HEADs whose cost is linear."""
    form = Form.CHECKSUMS
    for files in sizes:
        show(f"{files:,} files, content")
        stub.show(files, Arrival.AT_ONCE, form)
        ours = measure(stub, "ours", form, [ITERATIONS])
        _require_complete(ours, f"{files:,} files, content")
        heads = files if files <= SAMPLED_FROM_FILES else SAMPLED_HEADS
        baseline = measure(stub, "heads", form, [heads])
        if baseline.complete_at != heads:
            raise BenchmarkError(f"{files:,} files: the loop of HEADs found other content")
        if heads < files:
            baseline = baseline.scaled(files / heads)
        yield Result(case=CONTENT, files=files, form=form, ours=ours, baseline=baseline)


def _require_complete(measured: Measurement, name: str) -> None:
    """Raise an error if a reconciliation has a wrong result."""
    if measured.complete_at != ITERATIONS:
        raise BenchmarkError(f"{name}: complete at {measured.complete_at}, not at {ITERATIONS}")
