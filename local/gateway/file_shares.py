"""NFS file shares in the form of the Storage Gateway API, and their values for the appliance."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from local.gateway.gateways import Gateways, short_id
from local.gateway.requests import Caller, Json, RequestRefusedError

LOCATION = re.compile(r"arn:aws:s3:::(?P<bucket>[a-z0-9.-]{3,63})(?:/(?P<prefix>.+/))?/?")
DEFAULTS: Json = {
    "FileShareStatus": "AVAILABLE",
    "NFSFileShareDefaults": {
        "FileMode": "0666",
        "DirectoryMode": "0777",
        "GroupId": 65534,
        "OwnerId": 65534,
    },
    "ClientList": [],
    "DefaultStorageClass": "S3_STANDARD",
    "ObjectACL": "private",
    "Squash": "RootSquash",
    "ReadOnly": False,
    "GuessMIMETypeEnabled": True,
    "RequesterPays": False,
    "KMSEncrypted": False,
    "NotificationPolicy": "{}",
}
LISTED = ("FileShareARN", "FileShareId", "FileShareStatus", "GatewayARN")


@dataclass(slots=True)
class FileShare:
    """One NFS file share: a folder on the gateway, and a bucket or a prefix in S3."""

    arn: str
    gateway_arn: str
    bucket: str
    prefix: str
    information: Json
    tags: list[Json]

    @property
    def region(self) -> str:
        """The region in which the share announces its uploads."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """The account that the share belongs to."""
        return self.arn.split(":")[4]

    @property
    def export(self) -> str:
        """The folder that an NFS client mounts, without the leading slash."""
        return str(self.information["Path"]).lstrip("/")

    @property
    def settling_seconds(self) -> float | None:
        """Seconds without a change before a file is announced; None if uploads are not announced."""
        upload = json.loads(self.information["NotificationPolicy"]).get("Upload")
        return None if upload is None else float(upload["SettlingTimeInSeconds"])


class FileShares:
    """The operations on NFS file shares; each is the method with its name."""

    def __init__(self, gateways: Gateways) -> None:
        self._gateways = gateways
        self._shares: dict[str, FileShare] = {}

    def __getitem__(self, arn: str) -> FileShare:
        """Return a share, or refuse like AWS."""
        try:
            return self._shares[arn]
        except KeyError:
            raise RequestRefusedError(
                "The specified file share was not found.", code="FileShareNotFound"
            ) from None

    def __iter__(self) -> Iterator[FileShare]:
        """Yield the shares, oldest first."""
        return iter(self._shares.values())

    def remove_all_of(self, gateway_arn: str) -> None:
        """Remove the shares of a deleted gateway."""
        self._shares = {
            arn: share for arn, share in self._shares.items() if share.gateway_arn != gateway_arn
        }

    def create_nfs_file_share(self, request: Json, caller: Caller) -> Json:
        gateway = self._gateways.connected(request["GatewayARN"])
        if not gateway.cache_disks:  # AWS documents no code for it
            raise RequestRefusedError("The gateway has no cache disk.", code="InvalidGateway")
        for share in self:
            if share.information["ClientToken"] == request["ClientToken"]:
                return {"FileShareARN": share.arn}
        bucket, prefix = location(request)
        name = request.get("FileShareName", bucket)
        share_id = f"share-{short_id()}"
        arn = caller.arn(f"share/{share_id}")
        check_notification_policy(request)
        if any(share.information["FileShareName"] == name for share in self):
            raise RequestRefusedError(
                f"A file share named {name} exists already.", code="InvalidParameters"
            )
        information = (
            DEFAULTS
            | request
            | {
                "FileShareARN": arn,
                "FileShareId": share_id,
                "FileShareName": name,
                "Path": f"/{name}",
            }
        )
        self._shares[arn] = FileShare(
            arn, gateway.arn, bucket, prefix, information, request.get("Tags", [])
        )
        return {"FileShareARN": arn}

    def describe_nfs_file_shares(self, request: Json, caller: Caller) -> Json:
        shares = [self[arn] for arn in request["FileShareARNList"]]
        return {"NFSFileShareInfoList": [describe(share) for share in shares]}

    def list_file_shares(self, request: Json, caller: Caller) -> Json:
        gateway_arn = request.get("GatewayARN")
        return {
            "FileShareInfoList": [
                {name: share.information[name] for name in LISTED} | {"FileShareType": "NFS"}
                for share in self
                if gateway_arn in (None, share.gateway_arn)
            ]
        }

    def update_nfs_file_share(self, request: Json, caller: Caller) -> Json:
        share = self[request["FileShareARN"]]
        check_notification_policy(request)
        share.information = share.information | request
        return {"FileShareARN": share.arn}

    def delete_file_share(self, request: Json, caller: Caller) -> Json:
        share = self[request["FileShareARN"]]
        del self._shares[share.arn]
        return {"FileShareARN": share.arn}


def describe(share: FileShare) -> Json:
    """Return *share* as requested, with AWS's defaults."""
    shown = {name: value for name, value in share.information.items() if name != "ClientToken"}
    return shown | {"Tags": share.tags}


def location(request: Json) -> tuple[str, str]:
    """Split ``LocationARN`` into bucket and prefix; a prefix ends with a slash and requires a name."""
    match = LOCATION.fullmatch(request["LocationARN"])
    if match is None:
        raise RequestRefusedError(
            f"{request['LocationARN']} names neither a bucket nor a prefix that ends with a slash.",
            code="InvalidParameters",
        )
    prefix = match["prefix"] or ""
    if prefix and "FileShareName" not in request:
        raise RequestRefusedError(
            "A location with a prefix needs a FileShareName.", code="InvalidParameters"
        )
    return match["bucket"], prefix


def check_notification_policy(request: Json) -> None:
    """Refuse a notification policy that is not a JSON object, or whose settling time is not a number."""
    try:
        upload = json.loads(request.get("NotificationPolicy", "{}")).get("Upload")
        if upload is not None:
            float(upload["SettlingTimeInSeconds"])
    except (ValueError, TypeError, KeyError, AttributeError):
        raise RequestRefusedError(
            "The notification policy is not valid.", code="InvalidParameters"
        ) from None
