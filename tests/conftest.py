"""Which tests stay together where several processes run them: ``pytest -n 4``.

A process deploys a system, synthesises the stacks or runs bats for itself, so the tests that share
one are a group, and end up in one process. Large groups begin first: a deployment waits for most of
its time, and the unit tests fill the gaps.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

DEPLOYMENTS = {
    "test_data_vaulting": "the whole system",
    "test_terraform": "the whole system",
    "test_gaps": "gaps",
    "test_state": "state",
}
"""The groups of integration tests by their file; all others share the short system."""


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Hands a process a group of tests at a time, and of the unit tests a file."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    """Schedule by groups. xdist's own, by its mark, needs ids that pytest 9 has no longer."""
    return Groups(config, log)


def group_of(nodeid: str) -> str:
    """Return the name of the group of tests that share a process."""
    path = PurePosixPath(nodeid.partition("::")[0])
    match path.parent.name:
        case "synth":
            return "synth"
        case "integration":
            return DEPLOYMENTS.get(path.stem, "the short system")
    return str(path)
