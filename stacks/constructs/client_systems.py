"""The images of the gateway and of the operating systems of its client."""

from __future__ import annotations

from dataclasses import dataclass

GATEWAY_IMAGE = "/aws/service/storagegateway/ami/FILE_S3/latest"
"""https://docs.aws.amazon.com/filegateway/latest/files3/ec2-gateway-file.html"""


@dataclass(frozen=True, slots=True)
class ClientSystem:
    """The image of a system, and the sources of its packages in a network without internet access."""

    image_parameter: str
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html"""
    package_buckets: tuple[str, ...]
    """Buckets of AWS; ``{region}`` is the client's region."""
    warning: str = ""


CLIENT_SYSTEMS = {
    # Kernel 5.10 is the one that File Gateway lists for its clients:
    # https://docs.aws.amazon.com/filegateway/latest/files3/Requirements.html
    # https://repost.aws/knowledge-center/ec2-al1-al2-update-yum-without-internet
    "amazon-linux-2": ClientSystem(
        "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-x86_64-gp2",
        ("amazonlinux-2-repos-{region}", "amazonlinux.{region}.amazonaws.com"),
        "The client runs Amazon Linux 2, whose support ended in June 2026: it gets no more security"
        " updates. Set clientOperatingSystem to amazon-linux-2023, unless you need the workshop's own"
        " system.",
    ),
    # https://docs.aws.amazon.com/linux/al2023/ug/deterministic-upgrades-usage.html
    "amazon-linux-2023": ClientSystem(
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
        ("al2023-repos-{region}-de612dc2",),
    ),
}
"""By the values of the setting ``clientOperatingSystem``."""
