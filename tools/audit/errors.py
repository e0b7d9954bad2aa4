"""The error of a check that cannot run; such a check has not passed."""

from deployment.errors import CommandError


class AuditError(CommandError):
    """A tool is missing or failed, or its output cannot be read."""
