"""A fast encrypted volume that outlives the instance it is attached to."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.ebs_volume import EbsVolume
from cdktf_cdktf_provider_aws.volume_attachment import VolumeAttachment
from constructs import Construct

from stacks.constructs.check_skips import skip_check
from stacks.constructs.protection import protected

SIZE_GIB = 150
IOPS = 2_000
DEVICE = "/dev/sdf"
"""The device name in EC2; the instance sees an NVMe device with another name."""


class DataVolume(Construct):
    """The volume of the gateway's cache, or of the client's data."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        availability_zone: str,
        prevent_destroy: bool,
    ) -> None:
        super().__init__(scope, id_)
        volume = EbsVolume(
            self,
            "Resource",
            availability_zone=availability_zone,
            type="io1",
            size=SIZE_GIB,
            iops=IOPS,
            encrypted=True,
            tags={"Name": name},
            lifecycle=protected(prevent_destroy),
        )
        skip_check(
            volume,
            "CKV_AWS_189",
            "AWS's key for EBS encrypts it; a customer managed key costs a dollar a month, and the"
            " gateway's cache would be lost with the key",
        )
        self.id = volume.id

    def attach_to(self, instance_id: str) -> None:
        """Attach the volume to an instance, which is stopped before the volume is detached."""
        VolumeAttachment(
            self,
            "attachment",
            device_name=DEVICE,
            instance_id=instance_id,
            volume_id=self.id,
            stop_instance_before_detaching=True,
        )
