"""What keeps a check from looking: a check that cannot look has not passed."""

from deployment.errors import CommandError


class AuditError(CommandError):
    """A tool that is missing, that failed, or whose answer nobody understands."""
