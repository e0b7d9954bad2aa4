"""The errors that the benchmarks raise."""

from deployment.errors import CommandError


class BenchmarkError(CommandError):
    """The root of every error that the benchmarks raise on purpose."""
