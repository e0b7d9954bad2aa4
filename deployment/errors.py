"""The error that ends a command with one sentence for the user."""


class CommandError(Exception):
    """The command cannot continue. The text names the cause and the remedy; the user sees nothing else."""
