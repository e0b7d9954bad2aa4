"""The role of the gateway's client: it is managed, reads its scripts, and activates its gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.client_permissions import (
    activate_gateway,
    be_managed,
    clean_up,
    publish_gateway,
    read_scripts,
)
from stacks.constructs.iam import Allow, ServiceRole


class ClientRole(Construct):
    """The role of the client's instance. It cannot read vaulted data."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        arns: Arns,
        scripts_arn: str,
        gateway_tags: Mapping[str, str],
        gateway_parameters: str,
        deletable_arn: str | None,
    ) -> None:
        """Define role and instance profile; the role may delete objects in *deletable_arn*, if given.

        The role may manage only gateways with *gateway_tags*, which an activation must set.
        """
        super().__init__(scope, id_)
        self.allow: Sequence[Allow] = [
            *be_managed(arns),
            *read_scripts(scripts_arn),
            *activate_gateway(arns, gateway_tags),
            publish_gateway(arns, gateway_parameters),
            *clean_up(deletable_arn),
        ]
        role = ServiceRole(
            self,
            "Resource",
            name=name,
            service="ec2.amazonaws.com",
            source_arn=None,
            allow=self.allow,
        )
        self.policy = role.policy
        self.profile = IamInstanceProfile(self, "profile", name=name, role=role.name).name
