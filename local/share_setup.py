"""Create a gateway and file shares by the Storage Gateway API, if no stack created them."""

from __future__ import annotations

import json
import time
import uuid
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from deployment.errors import CommandError
from local.aws_environment import Endpoint
from local.clients import client
from local.phases import Phases

SHARE = "vaultdata"
SETTLING_SECONDS = 2  # a real gateway uses at least 60; datasets here are small

# The API requires a role; the simulated appliance does not assume it.
ROLE = "arn:aws:iam::123456789012:role/local-file-gateway"
CONNECT_SECONDS = 30.0


def find_share(endpoint: Endpoint, bucket: str) -> dict[str, Any] | None:
    """Return a file share on the whole *bucket*, as the API describes it, or None."""
    api = client(endpoint, "storagegateway")
    arns = [share["FileShareARN"] for share in api.list_file_shares()["FileShareInfoList"]]
    if not arns:
        return None
    shares = api.describe_nfs_file_shares(FileShareARNList=arns)["NFSFileShareInfoList"]
    return next(
        (share for share in shares if share["LocationARN"] == f"arn:aws:s3:::{bucket}"), None
    )


def activation_key(appliance_address: str, region: str) -> str:
    """Request an activation key from an appliance, as a client in its network does.

    Raises:
        CommandError: The appliance returns none; the text has its answer.
    """
    query = {"gatewayType": "FILE_S3", "activationRegion": region, "no_redirect": ""}
    connection = HTTPConnection(appliance_address, timeout=10)
    try:
        connection.request("GET", f"/?{urlencode(query)}")
        answer = connection.getresponse()
        body = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200:
        raise CommandError(
            f"The appliance at {appliance_address} returns no activation key: {body}"
        )
    return body


def activate_gateway(endpoint: Endpoint, appliance_address: str) -> str:
    """Activate a gateway with its cache, and return its ARN."""
    api = client(endpoint, "storagegateway")
    arn: str = api.activate_gateway(
        ActivationKey=activation_key(appliance_address, endpoint.region),
        GatewayName="local-file-gateway",
        GatewayTimezone="GMT",
        GatewayRegion=endpoint.region,
        GatewayType="FILE_S3",
    )["GatewayARN"]
    disks = _local_disks(api, arn)
    api.add_cache(GatewayARN=arn, DiskIds=[disk["DiskId"] for disk in disks])
    return arn


def _local_disks(api: Any, gateway_arn: str) -> list[dict[str, Any]]:
    """List the disks of a gateway; wait until it is connected."""
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            disks: list[dict[str, Any]] = api.list_local_disks(GatewayARN=gateway_arn)["Disks"]
        except ClientError as error:
            is_early = "not connected" in str(error) and time.monotonic() < deadline
            if not is_early:
                raise
            time.sleep(0.2)
        else:
            return disks


def create_share(
    endpoint: Endpoint,
    gateway_arn: str,
    *,
    location_arn: str,
    name: str,
    settling_seconds: int | None,
) -> None:
    """Create an NFS file share; without *settling_seconds*, its uploads are not announced."""
    upload = {"SettlingTimeInSeconds": settling_seconds}
    client(endpoint, "storagegateway").create_nfs_file_share(
        ClientToken=str(uuid.uuid4()),
        GatewayARN=gateway_arn,
        Role=ROLE,
        LocationARN=location_arn,
        FileShareName=name,
        ClientList=["127.0.0.1/32"],
        NotificationPolicy=json.dumps({} if settling_seconds is None else {"Upload": upload}),
    )


def ensure_share(
    endpoint: Endpoint, appliance_address: str, bucket: str, phases: Phases
) -> tuple[str, str]:
    """Return gateway ARN and name of the share on *bucket*; create a share if no stack has."""
    share = find_share(endpoint, bucket)
    if share:
        return share["GatewayARN"], share["FileShareName"]
    gateway_arn = activate_gateway(endpoint, appliance_address)
    create_share(
        endpoint,
        gateway_arn,
        location_arn=f"arn:aws:s3:::{bucket}",
        name=SHARE,
        settling_seconds=SETTLING_SECONDS,
    )
    phases.say(f"No stack made a file share: created gateway and NFS share {SHARE!r} by the API.")
    return gateway_arn, SHARE
