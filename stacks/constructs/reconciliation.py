"""The reconciliation state machine, and the rule for executions that end without an outcome."""

from __future__ import annotations

import json

from cdktf_cdktf_provider_aws.sfn_state_machine import (
    SfnStateMachine,
    SfnStateMachineLoggingConfiguration,
    SfnStateMachineTracingConfiguration,
)
from constructs import Construct

from stacks.constructs.alarm import Metric, alarm
from stacks.constructs.arns import Arns
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.event_route import EventRoute
from stacks.constructs.function import Function
from stacks.constructs.iam import Allow, ServiceRole
from stacks.constructs.log_group import log_group
from stacks.constructs.outcome_alarms import OutcomeAlarms
from stacks.constructs.reconcile_functions import ReconcileFunctions
from stacks.constructs.reconciliation_states import definition

DELIVER_LOGS = Allow(
    "DeliverLogs",
    [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    ],
    # CloudWatch Logs does not support resources for these actions:
    # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
    ["*"],
)
WRITE_TRACES = Allow(
    "WriteTraces",
    [
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    ],
    # X-Ray does not support resources for these actions:
    # https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
    ["*"],
)
ENDINGS = (
    ("failed", "failed", "ExecutionsFailed"),
    ("timed_out", "exceeded a limit of time", "ExecutionsTimedOut"),
    ("aborted", "was stopped by hand", "ExecutionsAborted"),
)
"""The ways in which an execution ends without its own outcome, each with its metric.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""


class Reconciliation(Construct):
    """Runs the states, with permissions only to invoke its four functions, to log and to trace.

    Its map may also start executions of the same state machine. Failures are logged, with their
    input.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        arns: Arns,
        functions: ReconcileFunctions,
        count: int,
        wait_seconds: int,
        verify_concurrency: int,
        log_retention_days: int,
        undelivered: DeadLetters,
    ) -> None:
        super().__init__(scope, id_)
        role = ServiceRole(
            self,
            "role",
            name=name,
            service="states.amazonaws.com",
            source_arn=arns.state_machine(name),
            allow=[
                Allow("InvokeReconciliation", ["lambda:InvokeFunction"], functions.arns),
                *_run_map(arns, name),
                DELIVER_LOGS,
                WRITE_TRACES,
            ],
        )
        states = definition(
            iterate_arn=functions.iterate.arn,
            check_arn=functions.check.arn,
            verify_arn=functions.verify.arn,
            notify_arn=functions.notify.arn,
            count=count,
            wait_seconds=wait_seconds,
            verify_concurrency=verify_concurrency,
        )
        logs = log_group(
            self,
            "logs",
            # This prefix of the name saves space in the account's log resource policy:
            # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
            name=f"/aws/vendedlogs/states/{name}",
            retention_days=log_retention_days,
        )
        machine = SfnStateMachine(
            self,
            "Resource",
            name=name,
            role_arn=role.arn,
            definition=json.dumps(states),
            logging_configuration=SfnStateMachineLoggingConfiguration(
                level="ERROR", include_execution_data=True, log_destination=f"{logs.arn}:*"
            ),
            tracing_configuration=SfnStateMachineTracingConfiguration(enabled=True),
            depends_on=[role.policy],
        )
        self.arn = machine.arn
        self._notify_of_ends(f"{name}-ended", functions.notify, undelivered)
        self._raise_alarms(name, functions, count * wait_seconds, undelivered.alarm_topic_arn)

    def metric(self, name: str) -> Metric:
        """Return the sum of a metric that Step Functions publishes for the executions."""
        return Metric(
            namespace="AWS/States",
            name=name,
            dimensions={"StateMachineArn": self.arn},
            statistic="Sum",
        )

    def _raise_alarms(
        self, name: str, functions: ReconcileFunctions, longest_seconds: int, topic_arn: str | None
    ) -> None:
        for id_, ending, metric in ENDINGS:
            alarm(
                self,
                id_,
                name=f"{name}-{id_.replace('_', '-')}",
                symptom=f"An execution of the state machine {ending}",
                section="Executions fail",
                metric=self.metric(metric),
                at_least=1,
                topic_arn=topic_arn,
            )
        OutcomeAlarms(
            self,
            "outcomes",
            name=f"{name}-outcome",
            functions=functions,
            longest_seconds=longest_seconds,
            topic_arn=topic_arn,
        )

    def _notify_of_ends(self, rule_name: str, notify: Function, undelivered: DeadLetters) -> None:
        """Invoke *notify* if an execution ended and no Catch handled its end.

        A Catch does not handle the limits of history and payload, or a manual stop.
        https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
        """
        EventRoute(
            self,
            "ended",
            name=rule_name,
            pattern={
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                    "stateMachineArn": [self.arn],
                },
            },
            undelivered=undelivered,
        ).to_function("notify", notify)


def _run_map(arns: Arns, machine: str) -> list[Allow]:
    """Return the permissions of the map, which runs each shard as an execution of the machine.

    https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    """
    return [
        Allow("StartShards", ["states:StartExecution"], [arns.state_machine(machine)]),
        Allow(
            "FollowShards",
            ["states:DescribeExecution", "states:StopExecution"],
            [arns.executions(machine)],
        ),
    ]
