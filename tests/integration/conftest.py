"""Two deployed systems, each deployed once: a short one, and one with all stacks."""

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
from tools.requests.iam_actions import unlisted
from tools.requests.violations import violations_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder; ``-m 'not integration'`` leaves it out."""
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The recording of every request to the endpoints that start after it.

    AWS's models forbid none of them, and the deployer's policies have every action of Terraform's.
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
    """EventProcessingStack, by real Terraform on a local AWS that refuses what no role allows."""
    with running(EndpointOptions(enforce_iam=True)) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def whole(requests: Path) -> Iterator[DeployedSystem]:
    """The system with all its stacks, its gateway activated by the client's script.

    What is sent to it, until it is destroyed, is recorded and compared with AWS's models.
    """
    assert requests.exists()
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
