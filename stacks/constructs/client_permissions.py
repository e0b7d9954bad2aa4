"""The permissions of the gateway's client, a function for each of its tasks."""

from __future__ import annotations

from collections.abc import Mapping

from stacks.constructs.arns import Arns
from stacks.constructs.iam import Allow


def be_managed(arns: Arns) -> list[Allow]:
    """Return the permissions that Session Manager and Run Command need on an instance.

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
            # A channel is not a resource:
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
            # A message is not a resource, either:
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmessagedeliveryservice.html
            ["*"],
        ),
    ]


def read_scripts(bucket_arn: str) -> list[Allow]:
    """Return the permissions to copy the scripts and their configuration at every boot."""
    return [
        Allow("FindScripts", ["s3:ListBucket"], [bucket_arn]),
        Allow("ReadScripts", ["s3:GetObject"], [f"{bucket_arn}/*"]),
    ]


def activate_gateway(arns: Arns, tags: Mapping[str, str]) -> list[Allow]:
    """Return the permissions to activate a gateway with *tags*, and to manage only that gateway.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstoragegateway.html
    """
    requested = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    present = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    return [
        Allow(
            "ActivateGateway",
            ["storagegateway:ActivateGateway"],
            ["*"],  # it does not exist yet
            where=requested,
        ),
        Allow(
            "TagActivatedGateway",
            # AWS does not document whether ActivateGateway with tags needs this permission, too. It does
            # not allow changing the tags of another environment's gateway.
            ["storagegateway:AddTagsToResource"],
            [arns.gateway("*")],
            where=requested,
            where_present=present,
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
            where=present,
        ),
        Allow(
            "LogGatewayHealth",
            ["logs:CreateLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"],
            # Storage Gateway calls these with the caller's permissions, and they have no resource:
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
            ["*"],
        ),
    ]


def publish_gateway(arns: Arns, path: str) -> Allow:
    """Return the permissions to write and delete the gateway's parameters below *path*."""
    return Allow(
        "RegisterGateway",
        ["ssm:PutParameter", "ssm:GetParameters", "ssm:DeleteParameters"],
        [arns.parameter(f"{path}/*")],
    )


def clean_up(bucket_arn: str | None) -> list[Allow]:
    """Return the permissions of the workshop's clean-up, which does not delete old versions."""
    if bucket_arn is None:
        return []
    return [
        Allow("ListVaultedData", ["s3:ListBucket"], [bucket_arn]),
        Allow("DeleteVaultedData", ["s3:DeleteObject"], [f"{bucket_arn}/*"]),
    ]
