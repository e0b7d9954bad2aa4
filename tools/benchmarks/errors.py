"""What can go wrong in a benchmark, as types."""

from deployment.errors import CommandError


class BenchmarkError(CommandError):
    """The root of every error that the benchmarks raise on purpose."""
