"""The NFS file share: files that the client writes become objects, and each upload is announced."""

from __future__ import annotations

import json
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.storagegateway_cache import StoragegatewayCache
from cdktf_cdktf_provider_aws.storagegateway_nfs_file_share import (
    StoragegatewayNfsFileShare,
    StoragegatewayNfsFileShareNfsFileShareDefaults,
)
from constructs import Construct

from stacks.constructs.protection import protected

SHARE_NAME = "vaultdata"
SHARE_PATH = f"/{SHARE_NAME}"
"""The path that a client mounts; a gateway exports a share by its name."""
NOBODY = "65534"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Endpoint:
    """An interface endpoint of S3, and the region of the bucket.

    https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_CreateNFSFileShare.html
    """

    dns_name: str
    region: str


class NfsShare(Construct):
    """A share on the whole bucket for one client, whose root is mapped to nobody."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        gateway_arn: str,
        cache: StoragegatewayCache,
        bucket_arn: str,
        role_arn: str,
        endpoint: S3Endpoint | None,
        client_address: str,
        settling_seconds: int,
        prevent_destroy: bool,
    ) -> None:
        """Define the share; an upload is announced when its file was not written for *settling_seconds*.

        If there is an *endpoint*, the gateway reaches S3 by it; another endpoint replaces the
        share.
        """
        super().__init__(scope, id_)
        share = StoragegatewayNfsFileShare(
            self,
            "Resource",
            file_share_name=SHARE_NAME,
            gateway_arn=gateway_arn,
            location_arn=bucket_arn,
            role_arn=role_arn,
            vpc_endpoint_dns_name=endpoint.dns_name if endpoint else None,
            bucket_region=endpoint.region if endpoint else None,
            client_list=[f"{client_address}/32"],
            notification_policy=json.dumps({"Upload": {"SettlingTimeInSeconds": settling_seconds}}),
            # The only ACL that a bucket without ACLs accepts:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html
            object_acl="bucket-owner-full-control",
            # Root's files belong to nobody, and every user of the client may write.
            squash="RootSquash",
            nfs_file_share_defaults=StoragegatewayNfsFileShareNfsFileShareDefaults(
                directory_mode="0777", file_mode="0666", group_id=NOBODY, owner_id=NOBODY
            ),
            depends_on=[cache],
            # Destroying the share loses the files that the gateway has not uploaded yet.
            lifecycle=protected(prevent_destroy),
        )
        self.arn = share.arn
        self.path = share.path
