"""A queue for what could not be delivered, and the alarm that sees it."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.iam import Allow, by_service
from stacks.constructs.protection import protected

RETENTION_SECONDS = 14 * 86_400
"""The longest that SQS keeps a message."""


class DeadLetters(Construct):
    """Keeps messages for fourteen days and raises an alarm while there is one."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        arns: Arns,
        rule_arns: Sequence[str] = (),
        alarm_topic_arn: str | None,
        prevent_destroy: bool = False,
    ) -> None:
        """Define the queue; EventBridge may send to it for the rules *rule_arns* alone."""
        super().__init__(scope, id_)
        self.arn = arns.queue(name)
        self.keep = Allow("KeepWhatFailed", ["sqs:SendMessage"], [self.arn])
        may_send = by_service("events.amazonaws.com", self.keep, source_arns=rule_arns)
        policy = (
            DataAwsIamPolicyDocument(self, "may_send", statement=[may_send]) if rule_arns else None
        )
        self.queue = SqsQueue(
            self,
            "Resource",
            name=name,
            message_retention_seconds=RETENTION_SECONDS,
            sqs_managed_sse_enabled=True,
            policy=policy.json if policy else None,
            lifecycle=protected(prevent_destroy),
        )
        CloudwatchMetricAlarm(
            self,
            "not_empty",
            alarm_name=f"{name}-not-empty",
            alarm_description=f"Messages that nobody could handle wait in {name}",
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": name},
            statistic="Maximum",
            period=60,
            evaluation_periods=1,
            threshold=0,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[alarm_topic_arn] if alarm_topic_arn else None,
        )
