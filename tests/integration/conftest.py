"""One deployed system for all integration tests: deployed once, destroyed by the last."""

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
def system(request: pytest.FixtureRequest) -> Iterator[DeployedSystem]:
    """The system, by real Terraform on a local AWS that refuses what no role allows.

    Whole if any test of this run needs that.
    """
    whole = any("whole" in getattr(item, "fixturenames", ()) for item in request.session.items)
    with running(EndpointOptions(enforce_iam=True), whole=whole) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def whole(system: DeployedSystem) -> DeployedSystem:
    """The system with all its stacks, its gateway activated by the client's script."""
    return system


@pytest.fixture(scope="session")
def driver(system: DeployedSystem) -> Driver:
    """Puts objects and announces them as tests want it."""
    return Driver(system)
