"""What the gateway's client may do: be managed, read its scripts, activate its own gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.iam import Allow, ServiceRole


class ClientRole(Construct):
    """The role of the client's instance; it reads nothing that was vaulted."""

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
        """Define role and profile; it may delete what is in the bucket *deletable_arn*, if any.

        A gateway is its own if it has *gateway_tags*, which it must be activated with.
        """
        super().__init__(scope, id_)
        self.use_scripts = [
            Allow("FindScripts", ["s3:ListBucket"], [scripts_arn]),
            Allow("ReadScripts", ["s3:GetObject"], [f"{scripts_arn}/*"]),
        ]
        self.allow: Sequence[Allow] = [
            *be_managed(arns),
            *self.use_scripts,
            *activate_gateway(arns, gateway_tags),
            Allow(
                "TellOfGateway",
                [
                    "ssm:PutParameter",
                    "ssm:GetParameter",
                    "ssm:GetParameters",
                    "ssm:DeleteParameter",
                    "ssm:DeleteParameters",
                ],
                [arns.parameter(f"{gateway_parameters}/*")],
            ),
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


def be_managed(arns: Arns) -> list[Allow]:
    """Return what Session Manager and Run Command ask of an instance, and nothing else.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    """
    return [
        Allow("BeManaged", ["ssm:UpdateInstanceInformation"], [arns.instance("*")]),
        Allow(
            "HoldSessions",
            [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            # A channel is no resource:
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsessionmanagermessagegatewayservice.html
            ["*"],
        ),
        Allow(
            "TakeCommands",
            [
                "ec2messages:AcknowledgeMessage",
                "ec2messages:DeleteMessage",
                "ec2messages:FailMessage",
                "ec2messages:GetEndpoint",
                "ec2messages:GetMessages",
                "ec2messages:SendReply",
            ],
            # Nor is a message:
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmessagedeliveryservice.html
            ["*"],
        ),
    ]


def activate_gateway(arns: Arns, tags: Mapping[str, str]) -> list[Allow]:
    """Return what it takes to activate a gateway with *tags*, and to look after that one alone.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstoragegateway.html
    """
    return [
        Allow(
            "ActivateGateway",
            ["storagegateway:ActivateGateway"],
            ["*"],  # it is not there yet
            where={f"aws:RequestTag/{key}": value for key, value in tags.items()},
        ),
        Allow("FindGateway", ["storagegateway:ListGateways"], ["*"]),  # a list has no resource
        Allow(
            "LookAfterGateway",
            [
                "storagegateway:DescribeGatewayInformation",
                "storagegateway:ListLocalDisks",
                "storagegateway:UpdateGatewayInformation",
                "storagegateway:DeleteGateway",
            ],
            [arns.gateway("*")],
            where={f"aws:ResourceTag/{key}": value for key, value in tags.items()},
        ),
        Allow(
            "LogGatewayHealth",
            ["logs:CreateLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"],
            # Storage Gateway does so in the caller's name, on no one resource:
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
            ["*"],
        ),
    ]


def clean_up(bucket_arn: str | None) -> list[Allow]:
    """Return what the workshop's clean-up does; old versions stay for as long as they do anyway."""
    if bucket_arn is None:
        return []
    return [
        Allow("ListVaultedData", ["s3:ListBucket"], [bucket_arn]),
        Allow("DeleteVaultedData", ["s3:DeleteObject"], [f"{bucket_arn}/*"]),
    ]
