"""Failed deliveries are retried automatically; a failure that needs an operator notifies one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.deployed_system import DeployedSystem
from tests.integration.driver import Driver, eventually, outcome

RECORD = "vault-demo-record-upload"
SWEEP = "vault-demo-sweep-sets"
DAY = 86_400


@contextmanager
def a_bad_deployment(functions: Any) -> Iterator[None]:
    """Give the function that records uploads a table that is not there."""
    good = functions.get_function_configuration(FunctionName=RECORD)["Environment"]["Variables"]

    def deploy(variables: dict[str, str]) -> None:
        functions.update_function_configuration(
            FunctionName=RECORD, Environment={"Variables": variables}
        )

    deploy(good | {"UPLOAD_EVENT_TABLE": "no-such-table"})
    try:
        yield
    finally:
        deploy(good)


def test_uploads_of_a_bad_deployment_are_recorded_after_it_without_hands(
    driver: Driver, system: DeployedSystem
) -> None:
    """Their messages wait in the queue: the first time half a minute."""
    keys = [f"broken-vaultjob/{name}" for name in "ab"]
    with a_bad_deployment(system.client("lambda")):
        for key in keys:
            driver.put(key)
        driver.announce(*keys)
        assert eventually(lambda: driver.metric("record-upload", "UploadsRecorded")[-1:] == [0])
        assert driver.rows("broken") == {}

    assert eventually(lambda: sorted(driver.rows("broken")) == keys, seconds=90)
    with driver.outcomes("broken") as outcomes:
        driver.manifest("broken", keys)
        assert outcome(outcomes)["detail"]["status"] == "Successful"


def test_people_are_notified_of_a_manifest_under_a_wrong_name(
    driver: Driver, system: DeployedSystem
) -> None:
    """Pitfall 46: it starts nothing, and after ``manifestDueHours`` the topic has it."""
    keys = ["overdue-vaultjob/a", "overdue-vaultjob/overdue.manifest.filepart"]
    for key in keys:
        driver.put(key)
    long_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 2 * DAY))
    with driver.notices() as notices:
        driver.announce(*keys, time_=long_ago)
        assert eventually(lambda: len(driver.rows("overdue")) == 2)

        def noticed() -> list[str]:
            swept = system.client("lambda").invoke(FunctionName=SWEEP, Payload=b"{}")
            assert "FunctionError" not in swept
            # The system is shared: the sweep finds other tests' sets as well.
            return [each for each in notices() if "The set overdue " in each]

        (notice,) = eventually(noticed)

    assert keys[1] in notice
    assert "Next: sgvault" in notice
