"""One deployed system for all integration tests: deployed once, destroyed by the last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.endpoint_process import EndpointOptions
from local.local_system import LocalSystem
from local.system import running
from tests.integration.driver import Driver


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder; ``-m 'not integration'`` leaves it out."""
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def system() -> Iterator[LocalSystem]:
    """The whole system, by real Terraform on the local AWS, which refuses what no role allows."""
    with running(EndpointOptions(enforce_iam=True)) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def driver(system: LocalSystem) -> Driver:
    """Puts objects and announces them as tests want it."""
    return Driver(system)
