"""Errors that end a command with exit status 1."""


class OperatorError(Exception):
    """The command cannot continue; its text is a sentence with the remedy."""


class NotAVaultError(OperatorError):
    """The environment has no parameter ``/<environmentName>/vault``, or not a usable one."""


class NoManifestError(OperatorError):
    """The dataset has no manifest in S3."""
