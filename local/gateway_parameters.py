"""Example SSM parameters of an activated gateway, for plans without a gateway."""

from __future__ import annotations

from local.aws_environment import Endpoint
from local.clients import client

PARAMETERS = {
    "arn": "arn:aws:storagegateway:eu-west-1:123456789012:gateway/sgw-12A3456B",
    "cacheDiskId": "xen-vbd-51728",
}


def put_gateway_parameters(where: Endpoint) -> None:
    """Store the gateway's parameters that FileShareStack reads in SSM."""
    for name, value in PARAMETERS.items():
        client(where, "ssm").put_parameter(
            Name=f"/{where.environment}/fileGateway/{name}",
            Value=value,
            Type="String",
            Overwrite=True,
        )
