"""An upgrade of EventProcessingStack; it runs last, because it destroys what other tests use."""

from __future__ import annotations

from local.deployed_system import EVENT_PROCESSING, DeployedSystem
from tests.integration.upgrade import destroy, upgraded


def test_an_upgrade_changes_every_resource_in_place(system: DeployedSystem) -> None:
    """The deployer's policies allow it; nothing is replaced, and a second plan is empty."""
    assert upgraded(system, EVENT_PROCESSING) == []
    destroy(system, EVENT_PROCESSING)  # the upgrade's subscription, too
