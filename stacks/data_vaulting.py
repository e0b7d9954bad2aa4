"""DataVaultingStack: the private network, the file gateway and its client."""

from __future__ import annotations

from dataclasses import replace

from cdktf import Annotations, TerraformOutput
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.client_permissions import clean_up
from stacks.constructs.client_role import ClientRole
from stacks.constructs.client_scripts import ClientScripts
from stacks.constructs.client_systems import CLIENT_SYSTEMS
from stacks.constructs.data_volume import DataVolume
from stacks.constructs.health_logs import HealthLogs
from stacks.constructs.iam import Allow
from stacks.constructs.interface_endpoints import InterfaceEndpoints
from stacks.constructs.nfs_share import SHARE_PATH
from stacks.constructs.private_instance import PrivateInstance
from stacks.constructs.private_network import CLIENT_ADDRESS, GATEWAY_ADDRESS, PrivateNetwork
from stacks.constructs.s3_gateway_endpoint import S3GatewayEndpoint
from stacks.constructs.security_groups import SecurityGroups
from stacks.constructs.share_permissions import keep_files, share_role_name
from stacks.settings import Settings
from stacks.vault_stack import APPLICATION, VaultStack

GATEWAY_IMAGE = "/aws/service/storagegateway/ami/FILE_S3/latest"
"""https://docs.aws.amazon.com/filegateway/latest/files3/ec2-gateway-file.html"""


class DataVaultingStack(VaultStack):
    """A file gateway and its client in a network that leads nowhere but to AWS."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(scope, id_, settings=settings)
        prefix = settings.name_prefix
        arns = Arns(self, "arns")
        system = CLIENT_SYSTEMS[settings.client_operating_system]
        if system.warning:
            Annotations.of(self).add_warning(system.warning)
        upload_arn = arns.bucket(self.output_of("EventProcessingStack", "fileUploadBucketName"))

        # What the client works with, and what it may do
        scripts = ClientScripts(
            self,
            "scripts",
            name_prefix=f"{prefix}-scripts",
            old_versions_days=settings.expiry_days,
            region=arns.region,
            prevent_destroy=settings.prevent_destroy,
        )
        deletable_arn = upload_arn if settings.client_may_delete_vaulted_data else None
        client_name = f"{prefix}-client"
        role = ClientRole(
            self,
            "client_role",
            name=client_name,
            arns=arns,
            scripts_arn=scripts.arn,
            gateway_tags={
                "Application": APPLICATION,
                "Environment": settings.environment_name,
            },
            gateway_parameters=settings.gateway_parameters,
            deletable_arn=deletable_arn,
        )

        # A network without a way out but to the services and buckets that are needed
        network = PrivateNetwork(self, "network", name=prefix)
        groups = SecurityGroups(self, "groups", name=prefix, vpc_id=network.vpc_id)
        endpoints = InterfaceEndpoints(
            self,
            "endpoints",
            name=prefix,
            arns=arns,
            vpc_id=network.vpc_id,
            subnet_id=network.subnets["endpoints"].id,
            security_group_id=groups.ids["service_endpoints"],
            gateway_security_group_id=groups.ids["gateway_endpoint"],
            allow=role.allow,
        )

        def only(role_name: str, allow: Allow) -> Allow:
            return replace(
                allow,
                where={
                    "aws:PrincipalAccount": arns.account_id,
                    "aws:PrincipalArn": arns.role(role_name),
                },
            )

        s3 = S3GatewayEndpoint(
            self,
            "s3",
            name=prefix,
            arns=arns,
            vpc_id=network.vpc_id,
            route_table_id=network.route_table_id,
            allow=[
                *(only(share_role_name(prefix), each) for each in keep_files(upload_arn)),
                *(only(client_name, each) for each in role.use_scripts),
                *(only(client_name, each) for each in clean_up(deletable_arn)),
                Allow(
                    "ReadPackages",
                    ["s3:GetObject"],
                    [
                        arns.bucket(f"{name.format(region=arns.region)}/*")
                        for name in system.package_buckets
                    ],
                ),
            ],
        )

        # The gateway: its client activates it
        gateway_subnet, client_subnet = network.subnets["gateway"], network.subnets["client"]
        health = HealthLogs(
            self,
            "health",
            name=prefix,
            arns=arns,
            log_retention_days=settings.log_retention_days,
        )
        gateway = PrivateInstance(
            self,
            "gateway",
            name=f"{prefix}-gateway",
            image_parameter=GATEWAY_IMAGE,
            subnet=gateway_subnet,
            address=GATEWAY_ADDRESS,
            security_group_id=groups.ids["gateway"],
            volume=DataVolume(
                self,
                "gateway_cache",
                name=f"{prefix}-gateway-cache",
                availability_zone=gateway_subnet.availability_zone,
                prevent_destroy=settings.prevent_destroy,
            ),
            prevent_destroy=settings.prevent_destroy,
        )

        # The client, which finds all of that where its scripts are
        data = DataVolume(
            self,
            "client_data",
            name=f"{prefix}-client-data",
            availability_zone=client_subnet.availability_zone,
            prevent_destroy=settings.prevent_destroy,
        )
        configuration = scripts.configure(
            {
                "ENVIRONMENT": settings.environment_name,
                "REGION": arns.region,
                "GATEWAY_ADDRESS": GATEWAY_ADDRESS,
                "GATEWAY_NAME": prefix,
                "GATEWAY_TIME_ZONE": settings.gateway_time_zone,
                "GATEWAY_PARAMETERS": settings.gateway_parameters,
                "GATEWAY_VPC_ENDPOINT": endpoints.gateway_name,
                "STORAGE_GATEWAY_URL": f"https://{endpoints.gateway_name}",
                "HEALTH_LOG_GROUP_ARN": health.arn,
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
        )
        client = PrivateInstance(
            self,
            "client",
            name=client_name,
            image_parameter=system.image_parameter,
            subnet=client_subnet,
            address=CLIENT_ADDRESS,
            security_group_id=groups.ids["client"],
            volume=data,
            prevent_destroy=settings.prevent_destroy,
            profile=role.profile,
            user_data=scripts.boot,
            # At its first boot it needs them all.
            after=[*scripts.objects, role.policy, s3.endpoint, *endpoints.management],
        )
        for output, value in {
            "clientInstanceId": client.id,
            "gatewayInstanceId": gateway.id,
            "scriptsBucketName": scripts.bucket,
            "clientConfiguration": configuration,
        }.items():
            TerraformOutput(self, output, value=value)
