"""Every stack of the vault, in the order in which they build on each other."""

from __future__ import annotations

from collections.abc import Iterator

from constructs import Construct

from stacks.data_vaulting import DataVaultingStack
from stacks.event_processing import EventProcessingStack
from stacks.file_share import FileShareStack
from stacks.settings import Settings
from stacks.state_backend import StateBackendStack
from stacks.vault_stack import VaultStack

WITH_STATE = (EventProcessingStack, DataVaultingStack, FileShareStack)
"""The stacks whose state is in the bucket of the first one."""
STACKS: tuple[type[VaultStack], ...] = (StateBackendStack, *WITH_STATE)
"""Each is called as its class: that name is what ``cdktf deploy`` takes."""
WARNING = "@cdktf/warn"
"""What CDKTF calls a warning among a construct's metadata."""


def define_stacks(app: Construct, settings: Settings) -> None:
    """Define every stack in *app*."""
    names = [stack.__name__ for stack in STACKS]
    StateBackendStack(app, names[0], settings=settings, stacks=names)
    for stack in WITH_STATE:
        stack(app, stack.__name__, settings=settings)


def warnings(app: Construct) -> Iterator[str]:
    """Yield what the stacks in *app* warn of, each as a sentence."""
    for stack in app.node.children:
        for entry in stack.node.metadata:
            if entry.type == WARNING:
                yield f"{stack.node.id}: {entry.data}"
