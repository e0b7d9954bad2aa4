"""Two deployed systems, each deployed once: a short one, and one with all stacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.deployed_system import DeployedSystem
from local.emulator.endpoint_process import EndpointOptions
from local.start_system import running
from tests.integration.driver import Driver


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder; ``-m 'not integration'`` leaves it out."""
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def system() -> Iterator[DeployedSystem]:
    """EventProcessingStack, by real Terraform on a local AWS that refuses what no role allows."""
    with running(EndpointOptions(enforce_iam=True)) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def whole() -> Iterator[DeployedSystem]:
    """The system with all its stacks, its gateway activated by the client's script."""
    with running(EndpointOptions(enforce_iam=True), whole=True) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def driver(system: DeployedSystem) -> Driver:
    """Puts objects and announces them as tests want it."""
    return Driver(system)


@pytest.fixture(scope="session")
def whole_driver(whole: DeployedSystem) -> Driver:
    """The same for the system with all its stacks."""
    return Driver(whole)
