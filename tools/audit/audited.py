"""The subjects of the checks: the project's files and its planned stacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from deployment.errors import CommandError
from tools.audit.files import project_files
from tools.audit.skips import Skip, skips
from tools.audit.stacks import Stack


class Audited:
    """The project in *root*; its stacks are planned when a check first needs them."""

    def __init__(self, root: Path, scratch: Path, plan: Callable[[], Sequence[Stack]]) -> None:
        self.root = root
        self.scratch = scratch
        """A folder for files of the tools."""
        self._plan = plan

    @property
    def stacks(self) -> Sequence[Stack]:
        """Every stack of every audited environment.

        Raises:
            CommandError: They cannot be planned; a second request raises the same error.
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
        """The skipped checks of all resources, in all environments."""
        return [each for stack in self.stacks for each in skips(stack.name, stack.written)]
