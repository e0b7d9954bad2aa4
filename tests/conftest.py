"""Which tests stay together where several processes run them: ``pytest -n 4 --dist loadgroup``.

A process deploys a system, synthesises the stacks or runs bats for itself, so the tests that share
one are a group, and end up in one process. Large groups begin first: a deployment waits for most of
its time, and the unit tests fill the gaps.
"""

from __future__ import annotations

import pytest

DEPLOYED = ("whole", "system")
"""The fixtures that deploy a system; a test that needs the first one needs no other."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its group; a unit test has none."""
    for item in items:
        if group := group_of(item):
            item.add_marker(pytest.mark.xdist_group(group))


def group_of(item: pytest.Item) -> str:
    """Return the name of the group of tests that share a process."""
    suite = item.path.parent.name
    if suite == "unit":
        return ""
    if suite == "synth":
        return suite
    used = [name for name in DEPLOYED if name in getattr(item, "fixturenames", ())]
    return used[0] if used else item.path.stem
