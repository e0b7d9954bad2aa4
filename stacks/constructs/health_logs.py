"""The log group for the gateway's health log."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.cloudwatch_log_resource_policy import CloudwatchLogResourcePolicy
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.iam import Allow, by_service
from stacks.constructs.log_group import log_group


class HealthLogs(Construct):
    """A log group with a policy that allows AWS to deliver logs; else the client would have to create it.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
    """

    def __init__(
        self, scope: Construct, id_: str, *, name: str, arns: Arns, log_retention_days: int
    ) -> None:
        super().__init__(scope, id_)
        group = log_group(
            self,
            "Resource",
            name=f"/aws/storagegateway/{name}",
            retention_days=log_retention_days,
        )
        self.arn = group.arn
        deliver = Allow(
            "DeliverHealthLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"{group.arn}:log-stream:*"],
            where={"aws:SourceAccount": arns.account_id},
        )
        may_deliver = DataAwsIamPolicyDocument(
            self,
            "may_deliver",
            statement=[
                by_service("delivery.logs.amazonaws.com", deliver, source_arns=[arns.logs()])
            ],
        )
        CloudwatchLogResourcePolicy(
            self,
            "policy",
            policy_name=f"{name}-gateway-health",
            policy_document=may_deliver.json,
        )
