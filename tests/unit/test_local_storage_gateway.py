"""The simulated Storage Gateway API responds as AWS documents."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

from local.emulator.asgi import with_storage_gateway
from local.gateway.requests import Caller, Json, RequestRefusedError
from local.gateway.storage_gateway import StorageGateway

CALLER = Caller("123456789012", "eu-west-1")
ACTIVATION = {
    "GatewayName": "gateway",
    "GatewayTimezone": "GMT+1:00",
    "GatewayRegion": "eu-west-1",
    "GatewayType": "FILE_S3",
    "Tags": [{"Key": "Stack", "Value": "FileShareStack"}],
}
POLICY = '{"Upload": {"SettlingTimeInSeconds": 60}}'


@pytest.fixture
def api() -> StorageGateway:
    minutes = itertools.count(step=60)  # each reading of the clock is a minute later
    return StorageGateway(clock=lambda: float(next(minutes)))


def ask(api: StorageGateway, operation: str, **request: Any) -> Json:
    return api.answer(operation, request, CALLER)


def activate(api: StorageGateway) -> str:
    key = api.hand_out_key(CALLER.region, "")
    return str(ask(api, "ActivateGateway", ActivationKey=key, **ACTIVATION)["GatewayARN"])


def with_cache(api: StorageGateway) -> str:
    gateway = activate(api)
    (disk,) = ask(api, "ListLocalDisks", GatewayARN=gateway)["Disks"]
    ask(api, "AddCache", GatewayARN=gateway, DiskIds=[disk["DiskId"]])
    return gateway


def share(api: StorageGateway, gateway: str, **request: Any) -> str:
    asked = {
        "ClientToken": "a-token",
        "GatewayARN": gateway,
        "Role": "arn:aws:iam::123456789012:role/gateway",
        "LocationARN": "arn:aws:s3:::bucket",
        "NotificationPolicy": POLICY,
    }
    return str(ask(api, "CreateNFSFileShare", **asked | request)["FileShareARN"])


def describe(api: StorageGateway, arn: str) -> Json:
    (found,) = ask(api, "DescribeNFSFileShares", FileShareARNList=[arn])["NFSFileShareInfoList"]
    return dict(found)


def refused(api: StorageGateway, operation: str, **request: Any) -> Json:
    with pytest.raises(RequestRefusedError) as caught:
        ask(api, operation, **request)
    return caught.value.body


def test_a_gateway_is_described_as_it_was_activated(api: StorageGateway) -> None:
    arn = activate(api)

    found = ask(api, "DescribeGatewayInformation", GatewayARN=arn)

    assert arn.startswith("arn:aws:storagegateway:eu-west-1:123456789012:gateway/sgw-")
    assert found.items() >= {key: ACTIVATION[key] for key in ("GatewayName", "Tags")}.items()
    again = ask(api, "DescribeGatewayInformation", GatewayARN=arn)
    assert [found["GatewayState"], again["GatewayState"]] == ["RUNNING", "STATE_RUNNING"]
    assert [one["GatewayARN"] for one in ask(api, "ListGateways")["Gateways"]] == [arn]


def test_a_gateway_keeps_what_is_updated(api: StorageGateway) -> None:
    arn = activate(api)

    health = "arn:aws:logs:eu-west-1:123456789012:log-group:/vault/health"
    ask(api, "UpdateGatewayInformation", GatewayARN=arn, GatewayName="renamed")
    ask(api, "UpdateGatewayInformation", GatewayARN=arn, CloudWatchLogGroupARN=health)
    ask(api, "UpdateMaintenanceStartTime", GatewayARN=arn, HourOfDay=4, MinuteOfHour=5)

    found = ask(api, "DescribeGatewayInformation", GatewayARN=arn)
    assert (found["GatewayName"], found["CloudWatchLogGroupARN"]) == ("renamed", health)
    window = ask(api, "DescribeMaintenanceStartTime", GatewayARN=arn)
    assert (window["HourOfDay"], window["MinuteOfHour"]) == (4, 5)
    assert window["Timezone"] == "GMT+1:00"


def test_the_one_disk_becomes_cache_once(api: StorageGateway) -> None:
    arn = activate(api)
    (disk,) = ask(api, "ListLocalDisks", GatewayARN=arn)["Disks"]

    ask(api, "AddCache", GatewayARN=arn, DiskIds=[disk["DiskId"]])

    assert ask(api, "DescribeCache", GatewayARN=arn)["DiskIds"] == [disk["DiskId"]]
    uses = [
        disk["DiskAllocationType"]
        for _ in range(2)
        for disk in ask(api, "ListLocalDisks", GatewayARN=arn)["Disks"]
    ]
    assert uses == ["CACHE STORAGE", "CACHE_STORAGE"]
    again = refused(api, "AddCache", GatewayARN=arn, DiskIds=[disk["DiskId"]])
    assert again["error"]["errorCode"] == "DiskAlreadyAllocated"


def test_a_share_is_described_with_all_it_was_created_with(api: StorageGateway) -> None:
    """Terraform treats a missing value as a change."""
    asked = {"ClientList": ["192.168.0.10/32"], "Squash": "NoSquash", "FileShareName": "vault"}

    found = describe(api, share(api, with_cache(api), **asked))

    assert found.items() >= asked.items()
    assert found["Path"] == "/vault"
    assert found["NotificationPolicy"] == POLICY
    assert "ClientToken" not in found


def test_creating_a_share_twice_with_one_token_creates_one(api: StorageGateway) -> None:
    gateway = with_cache(api)

    assert share(api, gateway) == share(api, gateway)
    assert len(ask(api, "ListFileShares", GatewayARN=gateway)["FileShareInfoList"]) == 1


def test_a_share_has_the_values_that_the_appliance_needs(api: StorageGateway) -> None:
    share(api, with_cache(api), LocationARN="arn:aws:s3:::bucket/team/a/", FileShareName="team-a")

    (served,) = api.nfs_shares()

    assert (served.bucket, served.prefix, served.export) == ("bucket", "team/a/", "team-a")
    assert (served.account, served.region) == ("123456789012", "eu-west-1")
    assert served.settling_seconds == 60


def test_a_share_without_a_policy_announces_nothing(api: StorageGateway) -> None:
    share(api, with_cache(api), NotificationPolicy="{}")

    (served,) = api.nfs_shares()

    assert served.settling_seconds is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"LocationARN": "arn:aws:s3:::bucket/no-slash-at-its-end", "FileShareName": "x"},
        {"LocationARN": "arn:aws:s3:::bucket/prefix/"},
        {"NotificationPolicy": "{not json}"},
        {"NotificationPolicy": '{"Upload": {}}'},
    ],
)
def test_a_share_that_aws_would_refuse_is_refused(
    api: StorageGateway, wrong: dict[str, str]
) -> None:
    gateway = with_cache(api)

    with pytest.raises(RequestRefusedError) as caught:
        share(api, gateway, **wrong)

    assert caught.value.body["error"]["errorCode"] == "InvalidParameters"
    assert api.nfs_shares() == []


def test_a_gateway_without_cache_gets_no_share(api: StorageGateway) -> None:
    gateway = activate(api)

    with pytest.raises(RequestRefusedError, match="no cache disk"):
        share(api, gateway)


def test_an_updated_share_is_the_same_share(api: StorageGateway) -> None:
    arn = share(api, with_cache(api))

    ask(api, "UpdateNFSFileShare", FileShareARN=arn, NotificationPolicy="{}")

    assert describe(api, arn)["NotificationPolicy"] == "{}"
    assert describe(api, arn)["FileShareARN"] == arn


def test_a_deleted_share_is_not_found_in_aws_words(api: StorageGateway) -> None:
    """Terraform waits for exactly this response when it destroys a share."""
    arn = share(api, with_cache(api))
    ask(api, "DeleteFileShare", FileShareARN=arn)

    body = refused(api, "DescribeNFSFileShares", FileShareARNList=[arn])

    assert body["__type"] == "InvalidGatewayRequestException"
    assert body["error"]["errorCode"] == "FileShareNotFound"


def test_deleting_a_gateway_deletes_its_shares(api: StorageGateway) -> None:
    gateway = with_cache(api)
    share(api, gateway)

    ask(api, "DeleteGateway", GatewayARN=gateway)

    assert api.nfs_shares() == []
    body = refused(api, "DescribeGatewayInformation", GatewayARN=gateway)
    assert body["error"]["errorCode"] == "GatewayNotFound"


def test_tags_are_added_replaced_and_removed(api: StorageGateway) -> None:
    for arn in (gateway := with_cache(api), share(api, gateway)):
        ask(api, "AddTagsToResource", ResourceARN=arn, Tags=[{"Key": "A", "Value": "1"}])
        ask(api, "AddTagsToResource", ResourceARN=arn, Tags=[{"Key": "A", "Value": "2"}])
        ask(api, "RemoveTagsFromResource", ResourceARN=arn, TagKeys=["Stack"])

        tags = ask(api, "ListTagsForResource", ResourceARN=arn)["Tags"]

        assert tags == [{"Key": "A", "Value": "2"}]


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("DescribeGatewayInformation", "ValidationException"),  # its ARN is missing
        ("NoSuchOperation", "UnknownOperationException"),
        ("ListTapes", "InvalidGatewayRequestException"),  # AWS has it, this simulation does not
    ],
)
def test_an_invalid_or_unsupported_request_is_refused_with_its_error(
    api: StorageGateway, operation: str, kind: str
) -> None:
    assert refused(api, operation)["__type"] == kind


def call(api: StorageGateway, target: str, body: bytes) -> tuple[int, Any]:
    """Send one request through the ASGI application."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "headers": [
            (b"x-amz-target", target.encode()),
            (b"authorization", b"Credential=local/20261124/us-west-2/storagegateway/aws4_request"),
        ],
    }

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299})
        await send({"type": "http.response.body", "body": b'"passed on"'})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    app = with_storage_gateway(inner, api, account="123456789012", region="eu-west-1")

    async def request() -> None:
        await app(scope, receive, send)

    asyncio.run(request())
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_a_request_is_answered_in_the_region_it_is_signed_for(api: StorageGateway) -> None:
    key = api.hand_out_key("us-west-2", "")
    asked = ACTIVATION | {"ActivationKey": key, "GatewayRegion": "us-west-2"}
    body = json.dumps(asked).encode()

    status, answer = call(api, "StorageGateway_20130630.ActivateGateway", body)

    assert status == 200
    assert answer["GatewayARN"].split(":")[3] == "us-west-2"


def test_a_refused_request_has_status_400(api: StorageGateway) -> None:
    assert call(api, "StorageGateway_20130630.ListTapes", b"{}")[0] == 400
    assert call(api, "StorageGateway_20130630.ListGateways", b"no json")[0] == 400


def test_requests_to_other_services_are_passed_on(api: StorageGateway) -> None:
    assert call(api, "DynamoDB_20120810.ListTables", b"{}") == (299, "passed on")
