"""What stops a command: a sentence that says what is wrong and what to do about it."""


class CommandError(Exception):
    """The command cannot go on; its text is all that the user gets to see."""
