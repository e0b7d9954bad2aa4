"""The IAM policies of a deployer of all stacks of an environment. Pure.

The actions are those in ``deploy_actions.json``, which ``python -m tools.recorded_requests`` makes from the
requests that Terraform sends. The resources are narrowed to the environment's names where AWS allows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from stacks.settings import Settings

ACTIONS = Path(__file__).parent / "deploy_actions.json"
MOST_CHARACTERS = 6_144
"""The maximum of a managed policy, without white space.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
NOT_RECORDED = {
    "dynamodb:UpdateTable": "a change of deleteDataWithStacks switches the tables' protection",
    "ec2:DescribeInstanceCreditSpecifications": "Terraform reads them of a burstable instance (t3)",
    "ec2:DescribeRegions": "make preflight",
    "events:ListRules": "make preflight",
    "iam:SimulatePrincipalPolicy": "make preflight",
    "lambda:GetAccountSettings": "make preflight",
    "servicequotas:GetServiceQuota": "make preflight",
    "sns:ListSubscriptionsByTopic": "make preflight",
    "ssm:GetParameters": "make preflight",
    "storagegateway:ListGateways": "make destroy",
}
"""Actions beside those of the recorded requests, with their reasons."""
WITHOUT_RESOURCE = {
    "cloudwatch:DescribeAlarms",
    "events:ListRules",
    "kms:DescribeKey",
    "lambda:GetAccountSettings",
    "logs:CreateLogDelivery",
    "logs:DeleteResourcePolicy",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:PutResourcePolicy",
    "route53:AssociateVPCWithHostedZone",
    "servicequotas:GetServiceQuota",
    "sns:GetSubscriptionAttributes",
    "sns:Unsubscribe",
    "ssm:DescribeParameters",
    "states:ValidateStateMachineDefinition",
    "storagegateway:ListGateways",
}
"""Actions that AWS cannot narrow, or that only read names. EC2's actions are narrowed by region.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""
OF_THEIR_OWN = {"iam:PassRole", "iam:SimulatePrincipalPolicy", "lambda:CreateEventSourceMapping"}
"""Actions with a statement of their own."""
PASSED_TO = ("ec2", "events", "lambda", "states", "storagegateway")
"""The services to which the deployer passes a role of the stacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of a deployment; ``*`` represents a value that is not decided."""

    name_prefix: str
    environment: str
    state_bucket: str
    partition: str = "aws"
    region: str = "*"
    account_id: str = "*"

    @classmethod
    def of(cls, settings: Settings, *, partition: str, region: str, account_id: str) -> Self:
        """Return the place of the environment with these settings."""
        return cls(
            name_prefix=settings.name_prefix,
            environment=settings.environment_name,
            state_bucket=settings.state_bucket_name,
            partition=partition,
            region=region,
            account_id=account_id,
        )

    def resources(self, service: str) -> list[str]:
        """Return the ARNs that an environment's resources of *service* may have."""
        prefix, environment = self.name_prefix, self.environment
        names = {
            "cloudwatch": [f"alarm:{prefix}-*"],
            "dynamodb": [f"table/{prefix}-*"],
            "events": [
                f"event-bus/{prefix}-*",
                f"rule/{prefix}-*",
                f"archive/{prefix}-*",
                "event-bus/default",
            ],
            "lambda": [f"function:{prefix}-*", "event-source-mapping:*"],
            "logs": [
                *(
                    f"log-group:/aws/{kind}/{prefix}-*"
                    for kind in ("events", "lambda", "vendedlogs/states")
                ),
                f"log-group:/aws/storagegateway/{prefix}",
                f"log-group:/aws/storagegateway/{prefix}:*",
            ],
            "sns": [f"{prefix}-*"],
            "sqs": [f"{prefix}-*"],
            "ssm": [f"parameter/{environment}/*"],
            "states": [f"stateMachine:{prefix}-*"],
            "storagegateway": ["gateway/*", "share/*"],
        }
        match service:
            case "s3":
                return [f"arn:{self.partition}:s3:::{prefix}-*"]
            case "iam":
                role = f"arn:{self.partition}:iam::{self.account_id}"
                return [f"{role}:role/{prefix}-*", f"{role}:instance-profile/{prefix}-*"]
            case "cloudwatch":
                dashboard = (
                    f"arn:{self.partition}:cloudwatch::{self.account_id}:dashboard/{prefix}*"
                )
                return [*self._arns(service, names[service]), dashboard]
            case "ssm":
                public = f"arn:{self.partition}:ssm:{self.region}::parameter/aws/service/*"
                return [*self._arns(service, names[service]), public]
        return self._arns(service, names[service]) if service in names else ["*"]

    def any_role(self) -> str:
        """Return the pattern of every role of the account."""
        return f"arn:{self.partition}:iam::{self.account_id}:role/*"

    def _arns(self, service: str, names: Iterable[str]) -> list[str]:
        where = f"arn:{self.partition}:{service}:{self.region}:{self.account_id}"
        return [f"{where}:{name}" for name in names]


def actions_by_operation() -> dict[str, list[str]]:
    """Return the actions of each operation that a deployment calls."""
    table: dict[str, list[str]] = json.loads(ACTIONS.read_text(encoding="utf-8"))
    return table


def listed_actions() -> list[str]:
    """Return every action that a deployment and its checks need, sorted."""
    of_terraform = (action for actions in actions_by_operation().values() for action in actions)
    return sorted({*of_terraform, *NOT_RECORDED})


def deploy_policies(place: Place, actions: Iterable[str]) -> list[dict[str, Any]]:
    """Return policies that allow *actions*, each small enough for a managed policy."""
    policies: list[dict[str, Any]] = []
    for statement in _statements(place, sorted(actions)):
        last = policies[-1] if policies else None
        if last and _size(_policy([*last["Statement"], statement])) <= MOST_CHARACTERS:
            last["Statement"].append(statement)
        else:
            policies.append(_policy([statement]))
    return policies


def _statements(place: Place, actions: list[str]) -> Iterator[dict[str, Any]]:
    services = dict.fromkeys(action.partition(":")[0] for action in actions)
    for service in services:
        own = [
            action
            for action in actions
            if action.startswith(f"{service}:") and action not in WITHOUT_RESOURCE | OF_THEIR_OWN
        ]
        if not own:
            continue
        statement = _allow(f"Own{service.capitalize()}", own, place.resources(service))
        if service == "ec2" and place.region != "*":
            statement["Condition"] = {"StringEquals": {"aws:RequestedRegion": place.region}}
        yield statement
    if "iam:PassRole" in actions:
        passed = _allow("PassOwnRoles", ["iam:PassRole"], place.resources("iam")[:1])
        to = [f"{each}.amazonaws.com" for each in PASSED_TO]
        yield {**passed, "Condition": {"StringEquals": {"iam:PassedToService": to}}}
    if "iam:SimulatePrincipalPolicy" in actions:
        # The deployer's own role may have any name, and GetRole returns its path.
        simulated = ["iam:GetRole", "iam:SimulatePrincipalPolicy"]
        yield _allow("SimulateOwnPermissions", simulated, [place.any_role()])
    if "lambda:CreateEventSourceMapping" in actions:
        # It has no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
        mapped = _allow("MapToOwnFunctions", ["lambda:CreateEventSourceMapping"], ["*"])
        own_functions = place.resources("lambda")[:1]
        yield {**mapped, "Condition": {"ArnLike": {"lambda:FunctionArn": own_functions}}}
    if wide := [action for action in actions if action in WITHOUT_RESOURCE]:
        yield _allow("WithoutResource", wide, ["*"])
    yield from _of_the_state(place, actions)


def _of_the_state(place: Place, actions: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the statements on the state bucket, which an administrator creates and configures.

    Its name may begin like the names of the environment's own buckets, which a deployer destroys.
    """
    bucket = f"arn:{place.partition}:s3:::{place.state_bucket}"
    changes = [
        action
        for action in actions
        if action.startswith(("s3:Delete", "s3:Put")) and not action.startswith("s3:PutObject")
    ]
    if changes:
        # A lock ends in .tfstate.tflock, and must be released.
        kept = [bucket, f"{bucket}/*.tfstate"]
        yield {**_allow("KeepTheState", changes, kept), "Effect": "Deny"}
    looks = sorted({"s3:GetBucketVersioning", "s3:ListBucket"} & set(actions))
    if looks and not place.state_bucket.startswith(f"{place.name_prefix}-"):
        yield _allow("LookAtTheStateBucket", looks, [bucket])


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    if sid == "OwnS3":
        resources = [*resources, *(f"{each}/*" for each in resources)]
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _size(policy: dict[str, Any]) -> int:
    return len(json.dumps(policy, separators=(",", ":")))
