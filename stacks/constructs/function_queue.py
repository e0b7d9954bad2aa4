"""A queue in front of one function, with batches, a concurrency limit, dead letters and alarms."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingScalingConfig,
)
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from constructs import Construct

from stacks.constructs.alarm import Metric, alarm, queue_metric
from stacks.constructs.arns import Arns
from stacks.constructs.dead_letters import DeadLetters, taking_from
from stacks.constructs.event_route import EventRoute
from stacks.constructs.function import Function
from stacks.constructs.iam import Allow, by_service
from stacks.constructs.protection import protected
from stacks.queue_timing import ALARM_AGE_SECONDS, RETENTION_SECONDS, QueueTiming


class FunctionQueue(Construct):
    """A queue that buffers the events of some rules for one function."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        arns: Arns,
        timing: QueueTiming,
        dead_letters_id: str,
        alarm_topic_arn: str | None,
        prevent_destroy: bool = False,
    ) -> None:
        """Define the queue and, beside it in *scope*, its dead-letter queue."""
        super().__init__(scope, id_)
        self.arn = arns.queue(name)
        self.dead_letters = DeadLetters(
            scope,
            dead_letters_id,
            name=f"{name}-dead-letters",
            arns=arns,
            queue_arns=[self.arn],
            alarm_topic_arn=alarm_topic_arn,
            prevent_destroy=prevent_destroy,
        )
        self._name = name
        self._timing = timing
        self._alarm_topic_arn = alarm_topic_arn
        self._queue = SqsQueue(
            self,
            "Resource",
            name=name,
            message_retention_seconds=RETENTION_SECONDS,
            redrive_allow_policy=taking_from(),
            sqs_managed_sse_enabled=True,
            visibility_timeout_seconds=timing.visibility_seconds,
            redrive_policy=json.dumps(
                {
                    "deadLetterTargetArn": self.dead_letters.queue.arn,
                    "maxReceiveCount": timing.receives,
                },
                separators=(",", ":"),
            ),
            lifecycle=protected(prevent_destroy),
        )
        self.url = self._queue.url
        self.dead_letters_url = self.dead_letters.queue.url

    @property
    def consume(self) -> list[Allow]:
        """The permissions that a function needs to consume the queue and to set messages aside."""
        return [
            Allow(
                "ConsumeQueue",
                [
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:ChangeMessageVisibility",
                ],
                [self.arn],
            ),
            Allow("SetMessagesAside", ["sqs:SendMessage"], [self.dead_letters.queue.arn]),
        ]

    def receive_from(self, routes: Sequence[EventRoute]) -> None:
        """Allow the rules of *routes* to send their events to the queue."""
        may_send = by_service(
            "events.amazonaws.com",
            Allow("BufferEvents", ["sqs:SendMessage"], [self.arn]),
            source_arns=[route.arn for route in routes],
        )
        self._queue.policy = DataAwsIamPolicyDocument(self, "may_send", statement=[may_send]).json
        for route in routes:
            route.to_queue(self._queue.arn)

    def deliver_to(self, function: Function) -> None:
        """Pass batches to *function*, whose responses may report failed items."""
        LambdaEventSourceMapping(
            self,
            "mapping",
            event_source_arn=self._queue.arn,
            function_name=function.name,
            batch_size=self._timing.batch_size,
            maximum_batching_window_in_seconds=self._timing.window_seconds or None,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=LambdaEventSourceMappingScalingConfig(
                maximum_concurrency=self._timing.maximum_concurrency
            ),
        )
        # SQS's metric covers messages received once or twice, the function's metric those that it
        # puts back.
        self._age_alarm("oldest_message", self.metric("ApproximateAgeOfOldestMessage"))
        self._age_alarm("oldest_put_back", function.metric("OldestMessagePutBackAge"))

    def metric(self, name: str) -> Metric:
        """Return a metric that SQS sends of the queue."""
        return queue_metric(self._name, name)

    def _age_alarm(self, id_: str, metric: Metric) -> None:
        alarm(
            self,
            id_,
            name=f"{self._name}-{id_.replace('_', '-')}",
            symptom=f"Messages in {self._name} have failed, or waited, for 15 minutes",
            section="Uploads wait",
            metric=metric,
            at_least=ALARM_AGE_SECONDS,
            topic_arn=self._alarm_topic_arn,
        )
