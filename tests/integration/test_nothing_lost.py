"""Failed work is tried again automatically."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.deployed_system import DeployedSystem
from tests.integration.driver import Driver, eventually, outcome

RECORD = "vault-demo-record-upload"


@contextmanager
def a_bad_deployment(functions: Any) -> Iterator[None]:
    """Configure the function that records uploads with a table that does not exist."""
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
    """The messages wait in the queue, half a minute for the first retry."""
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
