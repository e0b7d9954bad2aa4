"""What the gateway's client may do, a function for each of its tasks."""

from __future__ import annotations

from collections.abc import Mapping

from stacks.constructs.arns import Arns
from stacks.constructs.iam import Allow


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


def publish_gateway(arns: Arns, path: str) -> Allow:
    """Return what it takes to leave word of the gateway below a path of SSM, and to take it back."""
    return Allow(
        "TellOfGateway",
        ["ssm:PutParameter", "ssm:GetParameters", "ssm:DeleteParameters"],
        [arns.parameter(f"{path}/*")],
    )


def clean_up(bucket_arn: str | None) -> list[Allow]:
    """Return what the workshop's clean-up does; old versions stay for as long as they do anyway."""
    if bucket_arn is None:
        return []
    return [
        Allow("ListVaultedData", ["s3:ListBucket"], [bucket_arn]),
        Allow("DeleteVaultedData", ["s3:DeleteObject"], [f"{bucket_arn}/*"]),
    ]
