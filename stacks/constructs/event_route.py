"""A rule and its targets; events that a target cannot take are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
    CloudwatchEventTargetInputTransformer,
    CloudwatchEventTargetRetryPolicy,
)
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from stacks.constructs.alarm import Metric, alarm
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.function import Function
from stacks.constructs.iam import Allow, ServiceRole
from stacks.constructs.log_group import log_group

RETRY = CloudwatchEventTargetRetryPolicy(
    maximum_event_age_in_seconds=86_400, maximum_retry_attempts=185
)
"""EventBridge's maximum. Undelivered events then go to the dead-letter queue."""


class EventRoute(Construct):
    """One event pattern, or one schedule, and its targets."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        undelivered: DeadLetters,
        pattern: Mapping[str, Any] | None = None,
        schedule: str | None = None,
        bus_name: str | None = None,
    ) -> None:
        """Define the rule, on the default bus unless *bus_name* is given.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
        """
        super().__init__(scope, id_)
        self._name = name
        self._bus_name = bus_name
        self._undelivered = undelivered
        self._rule = CloudwatchEventRule(
            self,
            "Resource",
            name=name,
            event_bus_name=bus_name,
            event_pattern=json.dumps(pattern) if pattern else None,
            schedule_expression=schedule,
        )

        alarm(
            self,
            "lost",
            name=f"{name}-lost",
            symptom=f"Events of the rule {name} reached neither a target nor its dead-letter queue",
            section="Events are lost",
            metric=Metric(
                namespace="AWS/Events",
                name="InvocationsFailedToBeSentToDlq",
                # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
                dimensions={"RuleName": name} | ({"EventBusName": bus_name} if bus_name else {}),
                statistic="Sum",
            ),
            at_least=1,
            topic_arn=undelivered.alarm_topic_arn,
        )

    def to_queue(self, queue_arn: str) -> None:
        """Send each event to a queue; the queue's policy must allow it."""
        self._target("to_queue", queue_arn)

    def to_topic(self, topic_arn: str, *, template: str, paths: Mapping[str, str]) -> None:
        """Publish *template*, filled from *paths* of the event; the topic's policy must allow it.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
        """
        message = CloudwatchEventTargetInputTransformer(
            input_template=template, input_paths=dict(paths)
        )
        self._target("to_topic", topic_arn, message=message)

    def to_log_group(self, *, retention_days: int) -> str:
        """Write each event to a log group, and return the ARN of the log group."""
        logs = log_group(
            self, "logs", name=f"/aws/events/{self._name}", retention_days=retention_days
        )
        self._target("to_logs", logs.arn)
        return logs.arn

    def to_function(self, id_: str, function: Function) -> None:
        """Invoke *function* with each event."""
        LambdaPermission(
            self,
            f"may_invoke_{id_}",
            statement_id=f"InvokedBy-{self._name}",
            function_name=function.name,
            action="lambda:InvokeFunction",
            principal="events.amazonaws.com",
            source_arn=self.arn,
        )
        self._target(f"to_{id_}", function.arn)

    def to_state_machine(self, arn: str) -> None:
        """Start an execution with each event as its input."""
        role = ServiceRole(
            self,
            "role",
            name=f"{self._name}-start",
            service="events.amazonaws.com",
            source_arn=self.arn,
            allow=[Allow("StartReconciliation", ["states:StartExecution"], [arn])],
        )
        self._target("to_state_machine", arn, role_arn=role.arn)

    @property
    def arn(self) -> str:
        """The rule's ARN."""
        return self._rule.arn

    def _target(
        self,
        id_: str,
        arn: str,
        *,
        role_arn: str | None = None,
        message: CloudwatchEventTargetInputTransformer | None = None,
    ) -> None:
        CloudwatchEventTarget(
            self,
            id_,
            rule=self._rule.name,
            event_bus_name=self._bus_name,
            arn=arn,
            role_arn=role_arn,
            input_transformer=message,
            retry_policy=RETRY,
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(
                arn=self._undelivered.queue.arn
            ),
        )
