"""DataVaultingStack: the private network, the file gateway and its client."""

from __future__ import annotations

from constructs import Construct

from stacks.settings import Settings
from stacks.vault_stack import VaultStack


class DataVaultingStack(VaultStack):
    """the private network, the file gateway and its client."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(scope, id_, settings=settings)
