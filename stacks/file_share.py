"""FileShareStack: the gateway's cache, and the file share that announces its uploads."""

from __future__ import annotations

from cdktf import TerraformOutput
from constructs import Construct

from stacks.constructs.activated_gateway import ActivatedGateway
from stacks.constructs.arns import Arns
from stacks.constructs.gateway_alarms import GatewayAlarms
from stacks.constructs.gateway_dashboard import GatewayDashboard
from stacks.constructs.nfs_share import NfsShare, S3Endpoint
from stacks.constructs.private_network import CLIENT_ADDRESS
from stacks.constructs.share_permissions import share_role_name
from stacks.settings import Settings
from stacks.vault_stack import VaultStack


class FileShareStack(VaultStack):
    """The file share of an activated gateway on the upload bucket."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(scope, id_, settings=settings)
        prefix = settings.name_prefix
        arns = Arns(self, "arns")
        bucket = self.output_of("EventProcessingStack", "fileUploadBucketName")
        gateway = ActivatedGateway(
            self,
            "gateway",
            arns=arns,
            environment=settings.environment_name,
            parameters=settings.gateway_parameters,
        )
        share = NfsShare(
            self,
            "share",
            gateway_arn=gateway.arn,
            cache=gateway.cache,
            bucket_arn=arns.bucket(bucket),
            role_arn=arns.role(share_role_name(prefix)),
            endpoint=self._s3_endpoint(arns.region),
            client_address=CLIENT_ADDRESS,
            settling_seconds=settings.upload_settling_seconds,
            prevent_destroy=settings.prevent_destroy,
        )
        GatewayAlarms(
            self,
            "alarms",
            gateway_id=gateway.id,
            gateway_name=prefix,
            alarm_topic_arn=settings.alarm_topic_arn
            or self.output_of("EventProcessingStack", "noticesTopicArn"),
        )
        GatewayDashboard(
            self,
            "dashboard",
            gateway_id=gateway.id,
            gateway_name=prefix,
            region=arns.region,
        )
        TerraformOutput(self, "fileShareArn", value=share.arn)
        TerraformOutput(self, "sharePath", value=share.path)

    def _s3_endpoint(self, region: str) -> S3Endpoint | None:
        if not self._settings.s3_interface_endpoint:
            return None
        name = self.output_of("DataVaultingStack", "s3EndpointDnsName")
        return S3Endpoint(dns_name=name, region=region)
