"""From the gateway's notification to the first function: rule, queue, dead letters."""

from __future__ import annotations

import json

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingScalingConfig,
)
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.event_route import EventRoute
from stacks.constructs.function import Function
from stacks.constructs.iam import Allow, by_service
from stacks.constructs.protection import protected

BATCH_SIZE = 1_000
"""Gateway events are at most 2.5 KB each, and an invocation takes 6 MB."""
BATCH_WINDOW_SECONDS = 1
"""The least that a batch above ten allows."""
CONCURRENCY = 10
RECEIVES = 5
"""How often a message is tried before it is a dead letter; AWS advises five at least."""
RETENTION_SECONDS = 10 * 86_400
"""Less than that of dead letters: a message's age counts from its first queue on."""


class UploadQueue(Construct):
    """Buffers the upload events of one bucket for one function."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        arns: Arns,
        bucket: str,
        consumer_timeout_seconds: int,
        dead_letters: DeadLetters,
        undelivered: DeadLetters,
        prevent_destroy: bool = False,
    ) -> None:
        super().__init__(scope, id_)
        self.arn = arns.queue(name)
        route = EventRoute(
            self,
            "object_uploaded",
            name=name,
            pattern={
                "source": ["aws.storagegateway"],
                "detail-type": ["Storage Gateway Object Upload Event"],
                "detail": {"bucket-name": [bucket]},
            },
            undelivered=undelivered,
        )
        may_send = by_service(
            "events.amazonaws.com",
            Allow("BufferUploadEvents", ["sqs:SendMessage"], [self.arn]),
            source_arns=[route.arn],
        )
        policy = DataAwsIamPolicyDocument(self, "may_send", statement=[may_send])
        self.queue = SqsQueue(
            self,
            "Resource",
            name=name,
            message_retention_seconds=RETENTION_SECONDS,
            sqs_managed_sse_enabled=True,
            # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
            visibility_timeout_seconds=6 * consumer_timeout_seconds + BATCH_WINDOW_SECONDS,
            policy=policy.json,
            redrive_policy=json.dumps(
                {"deadLetterTargetArn": dead_letters.queue.arn, "maxReceiveCount": RECEIVES},
                separators=(",", ":"),
            ),
            lifecycle=protected(prevent_destroy),
        )
        route.to_queue(self.queue.arn)

    @property
    def consume(self) -> Allow:
        """What a Lambda event source mapping needs on this queue."""
        return Allow(
            "ConsumeUploadEvents",
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            [self.arn],
        )

    def deliver_to(self, function: Function) -> None:
        """Hand batches to *function*, which may answer that a part of one failed."""
        LambdaEventSourceMapping(
            self,
            "mapping",
            event_source_arn=self.queue.arn,
            function_name=function.name,
            batch_size=BATCH_SIZE,
            maximum_batching_window_in_seconds=BATCH_WINDOW_SECONDS,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=LambdaEventSourceMappingScalingConfig(maximum_concurrency=CONCURRENCY),
        )
