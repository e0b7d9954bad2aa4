"""Errors that end a command with exit status 1."""


class OperatorError(Exception):
    """The command cannot continue; its text is a sentence with the remedy."""


class NotAVaultError(OperatorError):
    """The environment has no parameter ``/<environmentName>/vault``, or not a usable one."""


class UnusableManifestError(OperatorError):
    """The dataset's manifest cannot be used; ``reason`` is that of a *Failed* outcome."""

    def __init__(self, manifest: str, reason: str) -> None:
        super().__init__(f"The manifest {manifest} cannot be used: {reason}")
        self.reason = reason


class NoManifestError(OperatorError):
    """The dataset has no manifest in S3."""
