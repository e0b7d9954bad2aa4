"""Which tests stay together where several processes run them: ``pytest -n 5``.

A process deploys a system, synthesises the stacks or runs bats for itself, so the tests that share
one are a group, and end up in one process. Slow groups begin first: a deployment waits for most of
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
    "test_content": "another short system",
    "test_failures": "another short system",
    "test_nothing_lost": "another short system",
    "test_smoke": "another short system",
    "test_upgrade": "another short system",
    "test_gaps": "gaps",
    "test_state": "state",
}
"""The groups of integration tests by their file; all others share the short system."""

SLOWEST_FIRST = (
    "the whole system",
    "the short system",
    "another short system",
    "synth",
    "state",
    "gaps",
    "tests/scripts",
)
"""Groups begin in this order; unit tests are last. The number of tests is no measure of time."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the slow groups first where several processes run the tests; otherwise they are last."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(group_of(item.nodeid)))


def rank(group: str) -> int:
    """Return the place of a group among all."""
    places = [place for place, slow in enumerate(SLOWEST_FIRST) if group.startswith(slow)]
    return places[0] if places else len(SLOWEST_FIRST)


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Hands a process a group of tests at a time, in the order of the tests; a unit file is a group."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    """Schedule by groups. xdist's own, by its mark, needs ids that pytest 9 has no longer."""
    config.option.loadscopereorder = False
    return Groups(config, log)


def group_of(nodeid: str) -> str:
    """Return the name of the group of tests that share a process."""
    path, _, name = nodeid.partition("::")
    folder, file = PurePosixPath(path).parent.name, PurePosixPath(path).stem
    if folder == "synth":
        return "synth"
    if folder == "integration":
        return DEPLOYMENTS.get(file, "the short system")
    if file == "test_bats":
        return f"{path} {name.partition(':')[0]}"  # bats runs all tests of a file at once
    return path
