"""StateBackendStack: the bucket that holds Terraform's state."""

from __future__ import annotations

from constructs import Construct

from stacks.settings import Settings
from stacks.vault_stack import VaultStack


class StateBackendStack(VaultStack):
    """the bucket that holds Terraform's state."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(scope, id_, settings=settings)
