"""Two systems, each deployed once: one with a single stack, and one with all stacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.deployed_system import DeployedSystem
from local.emulator.endpoint_process import EndpointOptions
from local.emulator.recording import VARIABLE
from local.start_system import running
from operations.deploy_policy import actions_by_operation
from tests.integration.driver import Driver
from tools.recorded_requests.iam_actions import unlisted
from tools.recorded_requests.violations import violations_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests in this folder, so that ``-m 'not integration'`` skips them."""
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The recording of every request to the endpoints that start after it.

    AWS's models allow all of them, and the deployer's policies have all actions of Terraform.
    """
    path = tmp_path_factory.mktemp("requests") / "requests.jsonl"
    path.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(path))
        yield path
    assert violations_of(path) == []
    assert list(unlisted(path, actions_by_operation())) == []


@pytest.fixture(scope="session")
def system() -> Iterator[DeployedSystem]:
    """Deploy EventProcessingStack with Terraform on a local AWS that enforces IAM."""
    with running(EndpointOptions(enforce_iam=True)) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def whole(requests: Path) -> Iterator[DeployedSystem]:
    """Deploy all stacks; the client's script activates the gateway.

    All requests to it, including its destruction, are recorded and compared with AWS's models.
    """
    assert requests.exists()
    with running(EndpointOptions(enforce_iam=True), whole=True) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def driver(system: DeployedSystem) -> Driver:
    """Return a driver that puts objects and announces them."""
    return Driver(system)


@pytest.fixture(scope="session")
def whole_driver(whole: DeployedSystem) -> Driver:
    """Return a driver for the system with all stacks."""
    return Driver(whole)
