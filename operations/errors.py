"""Errors that end a command, with the exit status that each gives it."""


class OperatorError(Exception):
    """The command cannot continue; its text is a sentence that names the remedy."""


class NotAVaultError(OperatorError):
    """The environment has no parameter ``/<environmentName>/vault``, or not a usable one."""


class NoManifestError(OperatorError):
    """The dataset has no manifest in S3."""
