"""Checks of names, of the deployer's permissions, and of alarm subscriptions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from operations.deploy_policy import Place, deploy_policies, listed_actions
from operations.preflight.check import Account, Finding, green, not_answered, red

SESSION = re.compile(r"arn:(?P<partition>[\w-]+):sts::\d{12}:assumed-role/(?P<role>[^/]+)/.+")
A_CALL = 50
"""The number of actions in a simulation request."""
ABSENT = ("ResourceNotFoundException", "NoSuchEntity", "NotFound", "NotFoundException")
"""The codes of Lambda, DynamoDB, EventBridge, IAM and SNS for a resource that does not exist."""
STAND_IN = "preflight"
"""The name that replaces `*`, because the simulation takes resources and no patterns."""


def names(account: Account) -> Finding:
    """Check that resources with the environment's names belong to its own stacks."""
    settings = account.settings
    left = list(_left_over(account))
    if not left:
        return green(f"there is no resource {settings.name_prefix}-...")
    if account.is_local:
        return not_answered(f"{', '.join(left)}: part of the local system that is running")
    if _has_state(account):
        return green(f"{', '.join(left)}: part of the stacks whose state is in the bucket")
    return red(
        f"{', '.join(left)} exist, but no Terraform state",
        "Another checkout or an interrupted deployment created them: find its state bucket,"
        " remove them, or choose another environmentName.",
    )


def permissions(account: Account) -> Finding:
    """Check with IAM's simulation that the caller's role has the permissions for a deployment."""
    arn = account.client("sts").get_caller_identity()["Arn"]
    iam = account.client("iam")
    if session := SESSION.fullmatch(arn):
        # A session cannot be simulated, and its ARN lacks the role's path.
        arn = iam.get_role(RoleName=session["role"])["Role"]["Arn"]
    place = Place.of(
        account.settings,
        partition=arn.split(":")[1],
        region=account.region,
        account_id=arn.split(":")[4],
    )
    actions = listed_actions()
    refused = [
        action
        for policy in deploy_policies(place, actions)
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in _refused(iam, arn, statement)
    ]
    if refused:
        return red(
            f"{arn} lacks {', '.join(refused)}",
            "Allow them, or deploy with another role: make deploy-policy prints what is needed.",
        )
    return green(f"{arn} may call the {len(actions)} actions of a deployment (simulated)")


def _refused(iam: Any, arn: str, statement: dict[str, Any]) -> Iterator[str]:
    """Yield the actions of *statement* that are allowed on none of its resources."""
    context = [
        {
            "ContextKeyName": key,
            "ContextKeyType": "string",
            "ContextKeyValues": [first.replace("*", STAND_IN)],
        }
        for keys in statement.get("Condition", {}).values()
        for key, value in keys.items()
        for first in ([value] if isinstance(value, str) else value[:1])
    ]
    resources = [each.replace("*", STAND_IN) for each in statement["Resource"] if each != "*"]
    narrowed: dict[str, Any] = {"ResourceArns": resources} if resources else {}
    actions = iter(statement["Action"])
    while some := list(islice(actions, A_CALL)):
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=arn, ActionNames=some, ContextEntries=context, **narrowed
        )
        results = [each for page in pages for each in page["EvaluationResults"]]
        allowed = {
            each["EvalActionName"]
            for each in results
            if each["EvalDecision"] == "allowed"
            or any(
                one["EvalResourceDecision"] == "allowed"
                for one in each.get("ResourceSpecificResults", [])
            )
        }
        yield from (action for action in some if action not in allowed)


def subscriptions(account: Account) -> Finding:
    """Check that every e-mail subscription of the alarms' and the notices' topics is confirmed."""
    topics = list(_topics(account))
    subscribed = {topic: _subscriptions(account, topic) for topic in topics}
    if absent := [topic for topic in topics if subscribed[topic] is None]:
        return not_answered(
            f"no topic {', '.join(absent)} yet",
            "Run preflight again after the deployment of EventProcessingStack, which creates"
            " the topic of notifyEmails; a topic of alarmTopicArn must exist before.",
        )
    if empty := [topic for topic in topics if not subscribed[topic]]:
        return red(f"{', '.join(empty)} has no subscription", "Subscribe somebody to it.")
    found = [each for topic in topics for each in subscribed[topic] or []]
    pending = [
        each["Endpoint"] for each in found if each["SubscriptionArn"] == "PendingConfirmation"
    ]
    if pending:
        return red(f"not confirmed: {', '.join(pending)}", "Follow the link in AWS's e-mail.")
    if not topics:
        return not_answered("Neither alarmTopicArn nor notifyEmails is set.")
    return green(f"{len(found)} confirmed")


def alarms(account: Account) -> Finding:
    """Check that alarms notify a topic or an address."""
    settings = account.settings
    if settings.alarm_topic_arn or settings.notify_emails:
        return green(settings.alarm_topic_arn or ", ".join(settings.notify_emails))
    if account.is_local:
        return not_answered("A local system notifies nobody.")
    return red(
        "neither alarmTopicArn nor notifyEmails is set",
        "Set one of them, or nobody will notice a failure.",
    )


def _topics(account: Account) -> Iterator[str]:
    """Yield the topics of the settings: that of the alarms, and the environment's own."""
    settings = account.settings
    if settings.alarm_topic_arn:
        yield settings.alarm_topic_arn
    if settings.notify_emails:
        partition, account_id = (
            account.client("sts").get_caller_identity()["Arn"].split(":")[part] for part in (1, 4)
        )
        yield f"arn:{partition}:sns:{account.region}:{account_id}:{settings.name_prefix}-notices"


def _subscriptions(account: Account, topic: str) -> list[Any] | None:
    """Return the subscriptions of *topic*, or None if it does not exist."""
    pages = account.client("sns").get_paginator("list_subscriptions_by_topic")
    try:
        return [each for page in pages.paginate(TopicArn=topic) for each in page["Subscriptions"]]
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return None
        raise


def _left_over(account: Account) -> Iterator[str]:
    """Yield existing resources with the environment's names, from a sample of one for each service."""
    prefix = account.settings.name_prefix
    probes = (
        ("lambda", "get_function", {"FunctionName": f"{prefix}-classify-upload"}),
        ("dynamodb", "describe_table", {"TableName": f"{prefix}-upload-events"}),
        ("events", "describe_event_bus", {"Name": f"{prefix}-events"}),
        ("iam", "get_role", {"RoleName": f"{prefix}-client"}),
    )
    for service, call, request in probes:
        try:
            getattr(account.client(service), call)(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                continue
            raise
        yield f"{service} {next(iter(request.values()))}"


def _has_state(account: Account) -> bool:
    settings = account.settings
    try:
        answer = account.client("s3").list_objects_v2(
            Bucket=settings.state_bucket_name, Prefix=f"{settings.environment_name}/"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            return False
        raise
    keys = [each["Key"] for each in answer.get("Contents", [])]
    return any(key.endswith(".tfstate") for key in keys)
