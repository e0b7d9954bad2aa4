"""What can go wrong, as types. Raise them; never return a status code."""


class VaultError(Exception):
    """The root of every error that the handlers raise on purpose."""


class MalformedEventError(VaultError):
    """An event lacks a field that this application relies on, or it is not what AWS documents."""


class ManifestError(VaultError):
    """A manifest cannot be read, is empty, or lists what is not in its dataset's folder."""


class PublishError(VaultError):
    """EventBridge answered a PutEvents call, but refused an entry of it."""


class OutcomeInFlightError(VaultError):
    """Another execution is announcing this manifest upload's outcome at this moment."""


class LookUnfinishedError(VaultError):
    """The last look ran out of time; what it has found is kept, and the next call goes on there."""


class ContentUnfinishedError(VaultError):
    """A worker has not compared all of its shard; what it has found is kept, and the next call goes on."""
