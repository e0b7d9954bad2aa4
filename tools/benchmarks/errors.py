"""What can go wrong in a benchmark, as types."""


class BenchmarkError(Exception):
    """The root of every error that the benchmarks raise on purpose."""
