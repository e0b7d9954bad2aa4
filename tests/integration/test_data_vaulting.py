"""The gateway, its client and its share as stacks, and a folder that the scripts vault."""

from __future__ import annotations

import json
from pathlib import Path

from local.datasets import generate
from local.deployed_system import FILE_SHARE, DeployedSystem
from tests.integration.driver import Driver, outcome, the_stacks_share


def test_the_client_has_activated_the_gateway(whole: DeployedSystem) -> None:
    """The client has stored the gateway's ARN and disk for the next stack."""
    gateways = whole.client("storagegateway")
    reported = whole.client("ssm").get_parameters_by_path(Path="/demo/fileGateway")["Parameters"]

    (gateway,) = gateways.list_gateways()["Gateways"]
    found = gateways.describe_gateway_information(GatewayARN=gateway["GatewayARN"])
    (disk,) = gateways.list_local_disks(GatewayARN=gateway["GatewayARN"])["Disks"]

    assert {each["Name"]: each["Value"] for each in reported} == {
        "/demo/fileGateway/arn": gateway["GatewayARN"],
        "/demo/fileGateway/cacheDiskId": disk["DiskId"],
    }
    assert gateway["GatewayName"] == "vault-demo"
    assert disk["DiskAllocationType"] in {"CACHE STORAGE", "CACHE_STORAGE"}
    assert found["CloudWatchLogGroupARN"]
    assert {"Key": "Environment", "Value": "demo"} in found["Tags"]


def test_activating_again_changes_nothing(whole: DeployedSystem) -> None:
    """The client activates at every boot."""
    gateways = whole.client("storagegateway")
    before = gateways.list_gateways()["Gateways"]

    whole.gateway_client().run("activate-gateway.sh")

    assert gateways.list_gateways()["Gateways"] == before


def test_the_share_is_for_the_client_only_and_announces_uploads(whole: DeployedSystem) -> None:
    share = the_stacks_share(whole)

    assert share["Path"] == whole.deployment().outputs(FILE_SHARE)["sharePath"]
    assert share["LocationARN"] == f"arn:aws:s3:::{whole.bucket}"
    assert share["ClientList"] == ["192.168.0.10/32"]
    assert json.loads(share["NotificationPolicy"]) == {"Upload": {"SettlingTimeInSeconds": 2}}


def test_a_folder_vaulted_by_the_client_is_successful(
    whole: DeployedSystem, whole_driver: Driver, tmp_path: Path
) -> None:
    """The script reads the share from its configuration, and every size is verified."""
    generate(tmp_path, seed=1, files=60)
    flags = ("--source", str(tmp_path), "--set", "by-script", "--unmounted")
    with whole_driver.outcomes("by-script") as outcomes:
        whole.gateway_client().run("vault-data.sh", *flags)
        detail = outcome(outcomes)["detail"]

    assert detail["status"] == "Successful"
    assert detail["files"] == detail["found"] == 61  # and an empty folder
