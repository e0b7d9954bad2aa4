"""A queue for messages that could not be delivered, and its alarm."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from constructs import Construct

from stacks.constructs.alarm import Metric, alarm, queue_metric
from stacks.constructs.arns import Arns
from stacks.constructs.iam import Allow, by_service
from stacks.constructs.protection import protected
from stacks.queue_timing import DEAD_LETTER_RETENTION_SECONDS


def taking_from(queue_arns: Sequence[str] = ()) -> str:
    """Return a redrive allow policy: only *queue_arns* may move dead letters here; if empty, no queue.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    by_queue = {"redrivePermission": "byQueue", "sourceQueueArns": list(queue_arns)}
    nobody = {"redrivePermission": "denyAll"}
    return json.dumps(by_queue if queue_arns else nobody, separators=(",", ":"))


class DeadLetters(Construct):
    """A queue that keeps messages for fourteen days, with an alarm while it has one."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        arns: Arns,
        rule_arns: Sequence[str] = (),
        queue_arns: Sequence[str] = (),
        alarm_topic_arn: str | None,
        prevent_destroy: bool = False,
    ) -> None:
        """Define the queue for dead letters of *queue_arns*, and of EventBridge for *rule_arns*."""
        super().__init__(scope, id_)
        self._name = name
        self.arn = arns.queue(name)
        self.alarm_topic_arn = alarm_topic_arn
        self.keep = Allow("KeepWhatFailed", ["sqs:SendMessage"], [self.arn])
        may_send = by_service("events.amazonaws.com", self.keep, source_arns=rule_arns)
        policy = (
            DataAwsIamPolicyDocument(self, "may_send", statement=[may_send]) if rule_arns else None
        )
        self.queue = SqsQueue(
            self,
            "Resource",
            name=name,
            message_retention_seconds=DEAD_LETTER_RETENTION_SECONDS,
            redrive_allow_policy=taking_from(queue_arns),
            sqs_managed_sse_enabled=True,
            policy=policy.json if policy else None,
            lifecycle=protected(prevent_destroy),
        )
        alarm(
            self,
            "not_empty",
            name=f"{name}-not-empty",
            symptom=f"Messages that could not be handled wait in {name}",
            section="Dead letters",
            metric=self.metric("ApproximateNumberOfMessagesVisible"),
            at_least=1,
            topic_arn=alarm_topic_arn,
        )

    def metric(self, name: str) -> Metric:
        """Return a metric that SQS sends of the queue."""
        return queue_metric(self._name, name)
