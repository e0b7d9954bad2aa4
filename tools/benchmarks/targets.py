"""The project's targets for a million files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.benchmarks.cases import Result
from tools.benchmarks.synthetic_set import Form

FILES = 1_000_000
CPU_RATIO = {
    ("complete", Form.PLAIN): 1 / 4,
    ("complete", Form.RICH): 1 / 10,
    ("arriving-in-order", Form.PLAIN): 1 / 10,
    ("arriving-in-order", Form.RICH): 1 / 10,
    ("arriving-at-random", Form.PLAIN): 1 / 10,
    ("arriving-at-random", Form.RICH): 1 / 10,
}
READ_UNITS_RATIO = {"arriving-in-order": 0.22, "arriving-at-random": 0.15}
PEAK_MIB = 256
UNSORTED_PEAK_MIB = 512


def verdicts(results: Sequence[Result]) -> Iterator[tuple[bool, str]]:
    """Yield for each target a bool, true if it is met, and a sentence with the figures."""
    for result in results:
        name = f"{result.case.name}, {result.form}"
        ours, baseline = result.ours, result.baseline
        most = CPU_RATIO.get((result.case.name, result.form))
        if most is not None:
            yield _verdict(f"{name}: CPU ratio", ours.cpu_seconds / baseline.cpu_seconds, most)
        most = READ_UNITS_RATIO.get(result.case.name)
        if most is not None:
            ratio = ours.read_units / baseline.read_units
            yield _verdict(f"{name}: read units ratio", ratio, most)
        peak = UNSORTED_PEAK_MIB if result.case.shuffled else PEAK_MIB
        yield _verdict(f"{name}: peak MiB", ours.peak_mib, peak)


def _verdict(name: str, found: float, most: float) -> tuple[bool, str]:
    met = found <= most
    return met, f"{name} {found:,.3g}, at most {most:,.3g}: {'met' if met else 'NOT MET'}"
