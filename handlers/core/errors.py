"""The error types of the handlers. Raise them; never return a status code."""


class VaultError(Exception):
    """The root of every error that the handlers raise on purpose."""


class MalformedEventError(VaultError):
    """An event lacks a field that this application needs, or differs from AWS's documentation."""


class ManifestError(VaultError):
    """A manifest cannot be read, is empty, or lists keys outside its dataset's folder."""


class RegisterRowError(VaultError):
    """A row of the register of sets lacks an attribute, or has one that cannot be read."""


class PublishError(VaultError):
    """EventBridge accepted a PutEvents call, but refused one of its entries."""


class OutcomeInFlightError(VaultError):
    """Another call of Reconcile Notify has claimed the outcome, and is publishing it."""


class LookUnfinishedError(VaultError):
    """The last look ran out of time; its results are kept, and the next call continues it."""


class ContentUnfinishedError(VaultError):
    """A worker has not compared all of its shard; its results are kept, and the next call continues."""
