"""What stops a local command: a sentence that says what is wrong and what to do about it."""

from deployment.errors import CommandError


class LocalError(CommandError):
    """The command cannot go on; its text is all that the user gets to see."""
