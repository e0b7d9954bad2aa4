"""A bucket with scripts/ and their configuration. The client copies both at every boot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cdktf import AssetType, Fn, TerraformAsset
from cdktf_cdktf_provider_aws.s3_object import S3Object
from constructs import Construct

from stacks.constructs.private_bucket import PrivateBucket

SCRIPTS = Path(__file__).parents[2] / "scripts"
BOOT = """\
#!/bin/bash
# At every boot: copy the scripts, then set the client up. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
set -eu
cat > /etc/systemd/system/vault-client.service <<'UNIT'
[Unit]
Description=Copy the vault's scripts, activate its gateway and mount its share
Wants=network-online.target
After=network-online.target

[Service]
Environment=AWS_DEFAULT_REGION={region}
ExecStartPre=/usr/bin/aws s3 sync --delete --exact-timestamps s3://{bucket}/ /opt/vault/
ExecStartPre=/usr/bin/install -D -m 644 /opt/vault/client.conf /etc/vault/client.conf
ExecStartPre=/usr/bin/chmod -R a+rX,u+x /opt/vault
ExecStart=/opt/vault/scripts/set-up-client.sh
Restart=on-failure
RestartSec=60

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --now vault-client.service
"""
"""Short and constant, because a change of the user data reaches only new instances.

``--exact-timestamps`` also copies a changed script of the same size.
"""


class ClientScripts(Construct):
    """The bucket and its objects: all ``scripts/*.sh``."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name_prefix: str,
        old_versions_days: int,
        region: str,
        prevent_destroy: bool,
    ) -> None:
        super().__init__(scope, id_)
        bucket = PrivateBucket(
            self,
            "bucket",
            name_prefix=name_prefix,
            old_versions_days=old_versions_days,
            deletable=not prevent_destroy,  # the repository has all its contents
            prevent_destroy=prevent_destroy,
        )
        self.bucket = bucket.name
        self.arn = bucket.arn
        self.boot = BOOT.format(region=region, bucket=bucket.name)
        self.objects = [
            self._script(path) for path in sorted(SCRIPTS.glob("*.sh")) if path.is_file()
        ]

    def configure(self, values: Mapping[str, str]) -> str:
        """Put ``client.conf`` beside the scripts, with a line for each of *values*; return its text."""
        text = "".join(f"{key}={value}\n" for key, value in values.items())
        self.objects.append(
            S3Object(self, "configuration", bucket=self.bucket, key="client.conf", content=text)
        )
        return text

    def _script(self, path: Path) -> S3Object:
        id_ = path.stem.replace("-", "_")
        asset = TerraformAsset(self, f"{id_}_asset", path=str(path), type=AssetType.FILE)
        return S3Object(
            self,
            id_,
            bucket=self.bucket,
            key=f"scripts/{path.name}",
            source=asset.path,
            source_hash=Fn.filemd5(asset.path),
        )
