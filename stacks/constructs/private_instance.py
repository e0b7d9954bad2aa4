"""An instance in the private network: encrypted, without public address, key pair or IMDSv1."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_ssm_parameter import DataAwsSsmParameter
from cdktf_cdktf_provider_aws.instance import (
    Instance,
    InstanceMetadataOptions,
    InstanceRootBlockDevice,
)
from cdktf_cdktf_provider_aws.subnet import Subnet
from constructs import Construct

from stacks.constructs.check_skips import skip_check
from stacks.constructs.data_volume import DataVolume


class PrivateInstance(Construct):
    """An instance of the image that is newest at its launch; a newer image never replaces it."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        image_parameter: str,
        instance_type: str,
        subnet: Subnet,
        address: str,
        security_group_id: str,
        volume: DataVolume,
        prevent_destroy: bool,
        profile: str | None = None,
        user_data: str | None = None,
        after: Sequence[ITerraformDependable] = (),
    ) -> None:
        """Define the instance; *image_parameter* is the public SSM parameter with its image."""
        super().__init__(scope, id_)
        image = DataAwsSsmParameter(self, "image", name=image_parameter)
        instance = Instance(
            self,
            "Resource",
            ami=image.insecure_value,
            instance_type=instance_type,
            ebs_optimized=True,
            subnet_id=subnet.id,
            private_ip=address,
            associate_public_ip_address=False,
            vpc_security_group_ids=[security_group_id],
            iam_instance_profile=profile,
            user_data=user_data,
            metadata_options=InstanceMetadataOptions(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            root_block_device=InstanceRootBlockDevice(encrypted=True),
            tags={"Name": name},
            # A replaced gateway would lose its cache and its activation.
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["ami", "user_data"], prevent_destroy=prevent_destroy or None
            ),
            depends_on=list(after) or None,
        )
        skip_check(
            instance,
            "CKV_AWS_126",
            "Metrics every five minutes are enough: the alarms use the gateway's own metrics, and"
            " detailed monitoring costs two dollars a month",
        )
        if profile is None:
            skip_check(
                instance,
                "CKV2_AWS_41",
                "A gateway calls no API with a role: its activation gives it its own credentials",
            )
        self.id = instance.id
        volume.attach_to(instance.id)
