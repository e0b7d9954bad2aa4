"""What the client puts into SSM once it has activated the gateway, for plans without a gateway."""

from __future__ import annotations

from local.aws_environment import Endpoint
from local.clients import client

PARAMETERS = {
    "arn": "arn:aws:storagegateway:eu-west-1:123456789012:gateway/sgw-12A3456B",
    "cacheDiskId": "xen-vbd-51728",
}


def tell_of_gateway(where: Endpoint, environment: str) -> None:
    """Put into SSM what FileShareStack wants to know; a plan asks for no more."""
    for name, value in PARAMETERS.items():
        client(where, "ssm").put_parameter(
            Name=f"/{environment}/fileGateway/{name}", Value=value, Type="String", Overwrite=True
        )
