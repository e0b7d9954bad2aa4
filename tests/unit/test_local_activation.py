"""Activation keys: requested from the simulated appliance over HTTP, and used with the simulated API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from deployment.errors import CommandError
from local.gateway.activation_keys import LIVE_SECONDS
from local.gateway.appliance import Appliance
from local.gateway.gateways import CONNECTING_SECONDS
from local.gateway.requests import Caller, Json, RequestRefusedError
from local.gateway.storage_gateway import StorageGateway
from local.share_setup import activation_key

REGION = "eu-west-1"
CALLER = Caller("123456789012", REGION)
ENDPOINT = "vpce-1.storagegateway.eu-west-1.vpce.amazonaws.com"


class Gateway:
    """An appliance and the API, with one clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.api = StorageGateway(clock=lambda: self.now)
        self.appliance = Appliance(self.api.hand_out_key)

    def get(self, query: str) -> tuple[int, str, str]:
        """Send a request to the appliance; return status, text and redirect."""
        connection = HTTPConnection(self.appliance.address, timeout=10)
        connection.request("GET", f"/?{query}")
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, answer.getheader("Location") or ""

    def key(self, region: str = REGION) -> str:
        status, text, _ = self.get(f"gatewayType=FILE_S3&activationRegion={region}&no_redirect")
        assert status == 200
        return text

    def ask(self, operation: str, caller: Caller = CALLER, **request: Any) -> Json:
        return self.api.answer(operation, request, caller)

    def activate(self, **changes: Any) -> str:
        request = {
            "GatewayName": "vault-dev",
            "GatewayTimezone": "GMT",
            "GatewayRegion": REGION,
            "GatewayType": "FILE_S3",
        }
        return str(self.ask("ActivateGateway", **request | changes)["GatewayARN"])

    def refusal(self, **changes: Any) -> str:
        """Attempt an activation that fails; return the error's code, or its type if it has none."""
        with pytest.raises(RequestRefusedError) as caught:
            self.activate(**changes)
        body = caught.value.body
        return str(body["error"]["errorCode"] if "error" in body else body["__type"])


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    served = Gateway()
    served.appliance.start()
    yield served
    served.appliance.stop()


def test_a_key_is_plain_text_of_five_times_five_letters(gateway: Gateway) -> None:
    assert re.fullmatch(r"[A-Z0-9]{5}(-[A-Z0-9]{5}){4}", gateway.key())


def test_without_no_redirect_the_key_is_in_the_query_of_a_redirect(gateway: Gateway) -> None:
    status, _, location = gateway.get(f"activationRegion={REGION}&vpcEndpoint={ENDPOINT}")

    reported = parse_qs(urlsplit(location).query)
    assert status == 302
    assert reported["activationRegion"] == [REGION]
    assert reported["vpcEndpoint"] == [ENDPOINT]
    assert gateway.activate(ActivationKey=reported["activationKey"][0])


@pytest.mark.parametrize(
    "query", ["", "gatewayType=FILE_S3&no_redirect", "activationRegion=eu-west-1&gatewayType=VTL"]
)
def test_a_request_without_region_or_for_another_type_gets_no_key(
    gateway: Gateway, query: str
) -> None:
    assert gateway.get(query)[0] == 400


def test_a_key_activates_once(gateway: Gateway) -> None:
    key = gateway.key()
    arn = gateway.activate(ActivationKey=key)
    gateway.ask("DeleteGateway", GatewayARN=arn)

    assert gateway.refusal(ActivationKey=key) == "ActivationKeyNotFound"


def test_a_key_expires_after_half_an_hour(gateway: Gateway) -> None:
    early, late = gateway.key(), gateway.key()

    gateway.now += LIVE_SECONDS - 1
    gateway.ask("DeleteGateway", GatewayARN=gateway.activate(ActivationKey=early))
    gateway.now += 1

    assert gateway.refusal(ActivationKey=late) == "ActivationKeyExpired"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("AAAAA-BBBBB-CCCCC-DDDDD-EEEEE", "ActivationKeyNotFound"),
        ("<html>", "ActivationKeyInvalid"),
        ("x" * 51, "ValidationException"),
    ],
)
def test_an_unknown_key_is_refused(gateway: Gateway, key: str, code: str) -> None:
    assert gateway.refusal(ActivationKey=key) == code


def test_a_key_is_valid_only_in_its_region(gateway: Gateway) -> None:
    assert gateway.refusal(ActivationKey=gateway.key("us-east-1")) == "ActivationKeyNotFound"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"GatewayRegion": "us-east-1"}, "RegionInvalid"),
        ({"GatewayTimezone": "Europe/London"}, "ValidationException"),
        ({"GatewayTimezone": "UTC"}, "InvalidParameters"),
        ({"GatewayTimezone": "GMT+5"}, "InvalidParameters"),
        ({"GatewayTimezone": "GMT+15:00"}, "InvalidParameters"),
        ({"GatewayName": "a/b"}, "ValidationException"),
    ],
)
def test_a_refused_activation_does_not_use_up_the_key(
    gateway: Gateway, changes: dict[str, str], code: str
) -> None:
    key = gateway.key()

    assert gateway.refusal(ActivationKey=key, **changes) == code
    assert gateway.activate(ActivationKey=key)


@pytest.mark.parametrize("zone", ["GMT", "GMT+1:00", "GMT-04:00", "GMT+5:30"])
def test_a_time_zone_is_gmt_with_or_without_an_offset(gateway: Gateway, zone: str) -> None:
    assert gateway.activate(ActivationKey=gateway.key(), GatewayTimezone=zone)


def test_an_appliance_returns_no_key_until_its_gateway_is_deleted(gateway: Gateway) -> None:
    arn = gateway.activate(ActivationKey=gateway.key())

    assert gateway.get(f"activationRegion={REGION}&no_redirect")[0] == 404
    with pytest.raises(CommandError, match="returns no activation key: The gateway is activated"):
        activation_key(gateway.appliance.address, REGION)

    gateway.ask("DeleteGateway", GatewayARN=arn)
    assert activation_key(gateway.appliance.address, REGION)


def test_a_gateway_is_connected_after_some_time(gateway: Gateway) -> None:
    """So a client has to wait for it, as on AWS."""
    arn = gateway.activate(ActivationKey=gateway.key())

    with pytest.raises(RequestRefusedError) as caught:
        gateway.ask("ListLocalDisks", GatewayARN=arn)
    assert caught.value.body["error"]["errorCode"] == "GatewayNotConnected"

    gateway.now += CONNECTING_SECONDS
    assert len(gateway.ask("ListLocalDisks", GatewayARN=arn)["Disks"]) == 1


def test_a_gateway_is_described_with_the_endpoint_of_its_key(
    gateway: Gateway,
) -> None:
    _, key, _ = gateway.get(f"activationRegion={REGION}&no_redirect&vpcEndpoint={ENDPOINT}")
    arn = gateway.activate(ActivationKey=key)
    gateway.now += CONNECTING_SECONDS

    assert gateway.ask("DescribeGatewayInformation", GatewayARN=arn)["VPCEndpoint"] == ENDPOINT


def test_gateways_are_listed_in_their_own_region(gateway: Gateway) -> None:
    arn = gateway.activate(ActivationKey=gateway.key())
    elsewhere = Caller(CALLER.account, "us-east-1")

    (listed,) = gateway.ask("ListGateways")["Gateways"]
    assert (listed["GatewayARN"], listed["GatewayName"]) == (arn, "vault-dev")
    assert listed["GatewayOperationalState"] == "ACTIVE"
    assert gateway.ask("ListGateways", elsewhere)["Gateways"] == []
