"""FileShareStack: the gateway's cache and the share whose uploads are announced."""

from __future__ import annotations

from constructs import Construct

from stacks.settings import Settings
from stacks.vault_stack import VaultStack


class FileShareStack(VaultStack):
    """the gateway's cache and the share whose uploads are announced."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(scope, id_, settings=settings)
