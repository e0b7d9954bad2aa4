"""The custom event bus, its routes, and the log group of each."""

from __future__ import annotations

from collections.abc import Mapping

from cdktf_cdktf_provider_aws.cloudwatch_event_bus import CloudwatchEventBus
from cdktf_cdktf_provider_aws.cloudwatch_log_resource_policy import CloudwatchLogResourcePolicy
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.event_route import EventRoute
from stacks.constructs.iam import Allow

SOURCE = "vault.application"
DETAIL_TYPES = {
    "data_uploaded": "Data File Upload Event",
    "manifest_uploaded": "Manifest File Upload Event",
    "reconciliation_successful": "File Upload Reconciliation Successful",
    "reconciliation_timeout": "File Upload Reconciliation Timeout",
    "reconciliation_failed": "File Upload Reconciliation Failed",
    "manifest_overdue": "Dataset Manifest Overdue",
}
"""The events that the handlers publish, by the name of their route."""
NOTICES = {
    "reconciliation_successful": "Successful",
    "reconciliation_timeout": "Timed out",
    "reconciliation_failed": "Failed",
    "manifest_overdue": "Manifest overdue",
}
"""The routes of events that subscribers receive, and the first word of the message."""


class VaultBus(Construct):
    """The bus for all events that this application publishes; each event also goes into a log group."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, arns: Arns, log_retention_days: int
    ) -> None:
        super().__init__(scope, id_)
        bus = CloudwatchEventBus(self, "Resource", name=name)
        self.name = bus.name
        self.arn = bus.arn
        self.publish = Allow("PublishOnVaultBus", ["events:PutEvents"], [bus.arn])
        self._rule_names = {route: f"{name}-{route.replace('_', '-')}" for route in DETAIL_TYPES}
        self._bus_name = name
        self._arns = arns
        self._log_retention_days = log_retention_days

    def rule_arns(self) -> list[str]:
        """Return the ARN of each route's rule."""
        return [self._arns.rule(name, bus=self._bus_name) for name in self._rule_names.values()]

    def log_group(self, route: str) -> str:
        """Return the name of a route's log group."""
        return f"/aws/events/{self._rule_names[route]}"

    def routes(self, *, undelivered: DeadLetters) -> Mapping[str, EventRoute]:
        """Define a route for each event; undelivered events go to *undelivered*."""
        routes = {
            route: EventRoute(
                self,
                route,
                name=self._rule_names[route],
                bus_name=self.name,
                pattern={"source": [SOURCE], "detail-type": [detail_type]},
                undelivered=undelivered,
            )
            for route, detail_type in DETAIL_TYPES.items()
        }
        log_groups = [
            route.to_log_group(retention_days=self._log_retention_days) for route in routes.values()
        ]
        self._let_eventbridge_write(log_groups)
        return routes

    def _let_eventbridge_write(self, log_group_arns: list[str]) -> None:
        """Define one policy for all log groups, because an account can have only ten.

        AWS's example of the policy has no condition:
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
        """
        may_log = DataAwsIamPolicyDocument(
            self,
            "may_log",
            statement=[
                DataAwsIamPolicyDocumentStatement(
                    sid="LogEveryEvent",
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[f"{arn}:*" for arn in log_group_arns],
                    principals=[
                        DataAwsIamPolicyDocumentStatementPrincipals(
                            type="Service",
                            identifiers=["events.amazonaws.com", "delivery.logs.amazonaws.com"],
                        )
                    ],
                )
            ],
        )
        CloudwatchLogResourcePolicy(
            self, "log_policy", policy_name=self._bus_name, policy_document=may_log.json
        )
