"""What the checks look at: the project's files, and its stacks as they are planned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from deployment.errors import CommandError
from tools.audit.files import project_files
from tools.audit.skips import Skip, skips
from tools.audit.stacks import Stack


class Audited:
    """The project in *root*; its stacks are planned when the first check asks for them."""

    def __init__(self, root: Path, scratch: Path, plan: Callable[[], Sequence[Stack]]) -> None:
        self.root = root
        self.scratch = scratch
        """A folder that is ours, for what tools read and write."""
        self._plan = plan

    @property
    def stacks(self) -> Sequence[Stack]:
        """Every stack of every audited environment.

        Raises:
            CommandError: There are none to be had; they are not asked for a second time.
        """
        if isinstance(self._planned, CommandError):
            raise self._planned
        return self._planned

    @cached_property
    def _planned(self) -> Sequence[Stack] | CommandError:
        try:
            return self._plan()
        except CommandError as error:
            return error

    @cached_property
    def files(self) -> Sequence[str]:
        """Every file of the project, by its path below the root."""
        return project_files(self.root)

    def skips(self) -> list[Skip]:
        """What stands beside the resources, in any of the environments."""
        return [each for stack in self.stacks for each in skips(stack.name, stack.written)]
