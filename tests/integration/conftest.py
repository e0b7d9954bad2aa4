"""Two systems: one with a single stack, and one with all stacks. Each process deploys its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.deployed_system import DeployedSystem
from local.emulator.endpoint_process import EndpointOptions
from local.start_system import running
from operations.deploy_policy import actions_by_operation
from tests.integration.deployer import deployer
from tests.integration.driver import Driver
from tests.integration.recording import recorded
from tools.recorded_requests.iam_actions import unlisted
from tools.recorded_requests.violations import violations_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests in this folder, so that ``-m 'not integration'`` skips them."""
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedSystem]:
    """Deploy EventProcessingStack with a deployer's policies on a local AWS that enforces IAM."""
    yield from deployed(tmp_path_factory, whole=False)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedSystem]:
    """Deploy all stacks with a deployer's policies; the client's script activates the gateway."""
    yield from deployed(tmp_path_factory, whole=True)


def deployed(folders: pytest.TempPathFactory, *, whole: bool) -> Iterator[DeployedSystem]:
    """Yield a system, and check afterwards each request that it received.

    AWS accepts each, and the deployer's policies allow each of the deployer's.
    """
    requests = folders.mktemp("requests") / "recorded.jsonl"
    options = EndpointOptions(enforce_iam=True)
    with recorded(requests, running(options, whole=whole, deployer=deployer)) as system:
        yield system
    assert violations_of(requests) == []
    assert list(unlisted(requests, actions_by_operation())) == []


@pytest.fixture(scope="session")
def driver(system: DeployedSystem) -> Driver:
    """Return a driver that puts objects and announces them."""
    return Driver(system)


@pytest.fixture(scope="session")
def whole_driver(whole: DeployedSystem) -> Driver:
    """Return a driver for the system with all stacks."""
    return Driver(whole)
