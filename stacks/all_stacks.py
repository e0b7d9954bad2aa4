"""All stacks of the vault, in the order in which they build on each other."""

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
"""The stacks that ``make deploy`` deploys; their state is in the bucket of StateBackendStack."""
STACKS: tuple[type[VaultStack], ...] = (StateBackendStack, *WITH_STATE)
"""The name of a stack is that of its class; ``cdktf deploy`` takes it as an argument."""
WARNING = "@cdktf/warn"
"""The type of a warning in a construct's metadata."""


def define_stacks(app: Construct, settings: Settings) -> None:
    """Define every stack in *app*."""
    names = [stack.__name__ for stack in STACKS]
    StateBackendStack(app, names[0], settings=settings, stacks=names)
    for stack in WITH_STATE:
        stack(app, stack.__name__, settings=settings)


def warnings(app: Construct) -> Iterator[str]:
    """Yield the warnings of the stacks in *app*, each as a sentence."""
    for stack in app.node.children:
        for entry in stack.node.metadata:
            if entry.type == WARNING:
                yield f"{stack.node.id}: {entry.data}"
