"""DataVaultingStack: the private network, the file gateway and its client."""

from __future__ import annotations

import json
from dataclasses import replace

from cdktf import Annotations, TerraformOutput
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.client_role import ClientRole
from stacks.constructs.client_scripts import ClientScripts
from stacks.constructs.client_systems import CLIENT_SYSTEMS, GATEWAY_IMAGE
from stacks.constructs.data_volume import DataVolume
from stacks.constructs.health_logs import HealthLogs
from stacks.constructs.iam import Allow
from stacks.constructs.interface_endpoints import InterfaceEndpoints
from stacks.constructs.nfs_share import SHARE_PATH
from stacks.constructs.private_instance import PrivateInstance
from stacks.constructs.private_network import CLIENT_ADDRESS, GATEWAY_ADDRESS, PrivateNetwork
from stacks.constructs.s3_gateway_endpoint import S3GatewayEndpoint
from stacks.constructs.security_groups import SecurityGroups
from stacks.constructs.share_permissions import ShareRole, keep_files, share_role_name
from stacks.settings import Settings
from stacks.vault_stack import VaultStack


class DataVaultingStack(VaultStack):
    """A file gateway and its client in a network that reaches only AWS's services."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(scope, id_, settings=settings)
        self._prefix = settings.name_prefix
        self._client_name = f"{self._prefix}-client"
        self._arns = Arns(self, "arns")
        self._system = CLIENT_SYSTEMS[settings.client_operating_system]
        if self._system.warning:
            Annotations.of(self).add_warning(self._system.warning)
        upload_bucket = self.output_of("EventProcessingStack", "fileUploadBucketName")
        self._upload_arn = self._arns.bucket(upload_bucket)
        self._deletable_arn = self._upload_arn if settings.client_may_delete_vaulted_data else None
        self._scripts = self._client_scripts()
        self._client_role = self._role_of_client()
        ShareRole(
            self, "share_role", prefix=self._prefix, arns=self._arns, bucket_arn=self._upload_arn
        )
        self._lay_network()
        self._health = HealthLogs(
            self,
            "health",
            name=self._prefix,
            arns=self._arns,
            log_retention_days=settings.log_retention_days,
        )
        gateway = self._gateway()
        self._output(gateway, self._client())

    def _client_scripts(self) -> ClientScripts:
        """Define the bucket from which the client copies its scripts at every boot."""
        return ClientScripts(
            self,
            "scripts",
            name_prefix=f"{self._prefix}-scripts",
            old_versions_days=self._settings.expiry_days,
            region=self._arns.region,
            prevent_destroy=self._settings.prevent_destroy,
        )

    def _role_of_client(self) -> ClientRole:
        return ClientRole(
            self,
            "client_role",
            name=self._client_name,
            arns=self._arns,
            scripts_arn=self._scripts.arn,
            gateway_tags=self.own_tags,
            gateway_parameters=self._settings.gateway_parameters,
            deletable_arn=self._deletable_arn,
        )

    def _lay_network(self) -> None:
        """Define the network and its endpoints, the only routes out of it."""
        self._network = PrivateNetwork(
            self,
            "network",
            name=self._prefix,
            instance_types={
                "gateway": self._settings.gateway_instance_type,
                "client": self._settings.client_instance_type,
            },
        )
        vpc_id = self._network.vpc_id
        self._groups = SecurityGroups(self, "groups", name=self._prefix, vpc_id=vpc_id)
        by_share = [
            self._only(share_role_name(self._prefix), each) for each in keep_files(self._upload_arn)
        ]
        self._endpoints = InterfaceEndpoints(
            self,
            "endpoints",
            name=self._prefix,
            arns=self._arns,
            vpc_id=vpc_id,
            subnet_id=self._network.subnets["endpoints"].id,
            security_group_id=self._groups.ids["service_endpoints"],
            gateway_security_group_id=self._groups.ids["gateway_endpoint"],
            allow=self._client_role.allow,
            s3_allow=by_share if self._settings.s3_interface_endpoint else [],
        )
        self._s3 = S3GatewayEndpoint(
            self,
            "s3",
            name=self._prefix,
            arns=self._arns,
            vpc_id=vpc_id,
            route_table_id=self._network.route_table_id,
            allow=[*by_share, *self._client_reads()],
        )

    def _client_reads(self) -> list[Allow]:
        """Return the S3 permissions of the client's role, and those to read the buckets of its packages."""
        own = [each for each in self._client_role.allow if each.actions[0].startswith("s3:")]
        packages = [
            self._arns.bucket(f"{name.format(region=self._arns.region)}/*")
            for name in self._system.package_buckets
        ]
        return [
            *(self._only(self._client_name, each) for each in own),
            Allow("ReadPackages", ["s3:GetObject"], packages),
        ]

    def _only(self, role_name: str, allow: Allow) -> Allow:
        """Return *allow*, narrowed to one role of this account."""
        principal = {
            "aws:PrincipalAccount": self._arns.account_id,
            "aws:PrincipalArn": self._arns.role(role_name),
        }
        return replace(allow, where=principal)

    def _gateway(self) -> PrivateInstance:
        """Define the gateway's instance, which the client activates."""
        subnet = self._network.subnets["gateway"]
        return PrivateInstance(
            self,
            "gateway",
            name=f"{self._prefix}-gateway",
            image_parameter=GATEWAY_IMAGE,
            instance_type=self._settings.gateway_instance_type,
            subnet=subnet,
            address=GATEWAY_ADDRESS,
            security_group_id=self._groups.ids["gateway"],
            volume=self._volume("gateway_cache", subnet.availability_zone),
            prevent_destroy=self._settings.prevent_destroy,
        )

    def _client(self) -> PrivateInstance:
        """Define the client's instance. Its configuration is in the bucket of its scripts."""
        subnet = self._network.subnets["client"]
        data = self._volume("client_data", subnet.availability_zone)
        self._configuration = self._scripts.configure(self._client_configuration(data))
        return PrivateInstance(
            self,
            "client",
            name=self._client_name,
            image_parameter=self._system.image_parameter,
            instance_type=self._settings.client_instance_type,
            subnet=subnet,
            address=CLIENT_ADDRESS,
            security_group_id=self._groups.ids["client"],
            volume=data,
            prevent_destroy=self._settings.prevent_destroy,
            profile=self._client_role.profile,
            user_data=self._scripts.boot,
            # The first boot needs all of these.
            after=[
                *self._scripts.objects,
                self._client_role.policy,
                self._s3.endpoint,
                *self._endpoints.management,
            ],
        )

    def _volume(self, id_: str, availability_zone: str) -> DataVolume:
        return DataVolume(
            self,
            id_,
            name=f"{self._prefix}-{id_.replace('_', '-')}",
            availability_zone=availability_zone,
            prevent_destroy=self._settings.prevent_destroy,
        )

    def _client_configuration(self, data: DataVolume) -> dict[str, str]:
        """Return the lines of client.conf, which scripts/lib.sh reads."""
        settings, endpoint = self._settings, self._endpoints.gateway_name
        tags = {**settings.tags, **self.own_tags}
        return {
            "ENVIRONMENT": settings.environment_name,
            "REGION": self._arns.region,
            "GATEWAY_ADDRESS": GATEWAY_ADDRESS,
            "GATEWAY_NAME": self._prefix,
            "GATEWAY_TIME_ZONE": settings.gateway_time_zone,
            "GATEWAY_TAGS": json.dumps(
                [{"Key": key, "Value": tags[key]} for key in sorted(tags)], separators=(",", ":")
            ),
            "GATEWAY_PARAMETERS": settings.gateway_parameters,
            "GATEWAY_VPC_ENDPOINT": endpoint,
            "STORAGE_GATEWAY_URL": f"https://{endpoint}",
            "HEALTH_LOG_GROUP_ARN": self._health.arn,
            "SHARE_PATH": SHARE_PATH,
            "MOUNT_POINT": "/mnt/vaultdata",
            "DATA_DEVICE_VOLUME": data.id,
            "DATA_MOUNT_POINT": "/mnt/data",
            "JOB_DIR_SUFFIX": settings.job_dir_suffix,
            "MANIFEST_SUFFIX": settings.manifest_suffix,
            "SHARE_PREFIX": "",  # the share is on the whole bucket
            "EXPIRY_DAYS": str(settings.expiry_days),
            "IGNORE_UNEXPECTED_NAMES": "/".join(settings.ignore_unexpected_names),
        }

    def _output(self, gateway: PrivateInstance, client: PrivateInstance) -> None:
        outputs = {
            "clientInstanceId": client.id,
            "gatewayInstanceId": gateway.id,
            "scriptsBucketName": self._scripts.bucket,
            "clientConfiguration": self._configuration,
        }
        if self._endpoints.s3_name:
            outputs["s3EndpointDnsName"] = self._endpoints.s3_name
        for name, value in outputs.items():
            TerraformOutput(self, name, value=value)
