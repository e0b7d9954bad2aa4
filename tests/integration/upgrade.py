"""An upgrade that changes every resource in place, as an edit of the synthesised stacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployment.template import template_path
from local.deployed_system import EVENT_PROCESSING, DeployedSystem
from tests.integration.plan_changes import PLAN, changes, unexplained

SUBSCRIPTION = {
    "topic_arn": "arn:aws:sns:eu-west-1:123456789012:vault-demo-notices",
    "protocol": "email",
    "endpoint": "operators@example.com",
}
"""The resource that the setting notifyEmails adds."""
UPDATES: Mapping[str, Mapping[str, Any]] = {
    "aws_cloudwatch_dashboard": {"dashboard_body": '{"widgets":[]}'},
    "aws_cloudwatch_event_archive": {"description": "upgraded"},
    "aws_cloudwatch_event_bus": {"description": "upgraded"},
    "aws_cloudwatch_event_rule": {"description": "upgraded"},
    "aws_cloudwatch_log_group": {"retention_in_days": 60},
    "aws_cloudwatch_metric_alarm": {"alarm_description": "upgraded"},
    "aws_dynamodb_table": {"point_in_time_recovery": {"enabled": False}},
    "aws_ebs_volume": {"iops": 2100},
    "aws_iam_role": {"description": "upgraded"},
    "aws_instance": {"instance_type": "m5.xlarge"},
    "aws_lambda_event_source_mapping": {"maximum_batching_window_in_seconds": 2},
    "aws_lambda_function": {"memory_size": 512, "source_code_hash": "upgraded"},
    "aws_lambda_function_event_invoke_config": {"maximum_retry_attempts": 1},
    "aws_sns_topic": {"display_name": "upgraded"},
    "aws_sqs_queue": {"visibility_timeout_seconds": 800},
    "aws_ssm_parameter": {"description": "upgraded"},
    "aws_storagegateway_nfs_file_share": {
        "notification_policy": '{"Upload": {"SettlingTimeInSeconds": 3}}'
    },
    "aws_vpc_security_group_egress_rule": {"description": "upgraded"},
    "aws_vpc_security_group_ingress_rule": {"description": "upgraded"},
}
"""Changed attributes by type; the others change by their tags and policy documents."""


def upgraded(system: DeployedSystem, stack: str) -> list[str]:
    """Upgrade *stack* in place, and return the changes in a second plan that no gap explains."""
    upgrade(system, stack)
    actions = {action for each in changes(system, stack) for action in each["change"]["actions"]}
    assert actions <= {"update", "create", "read"}  # a subscription is created
    applied = system.terraform("apply", PLAN, stack=stack)
    assert applied.returncode == 0, applied.stderr
    return unexplained(changes(system, stack))


def upgrade(system: DeployedSystem, stack: str) -> None:
    """Change the resources of *stack* in its synthesised configuration."""
    path = template_path(system.deployment().stack_folder(stack))
    written = json.loads(path.read_text())
    tags = written["provider"]["aws"][0]["default_tags"][0]["tags"]
    tags["Upgraded"] = tags.pop("Stack")
    resources = written["resource"]
    for type_, changed in UPDATES.items():
        for attributes in resources.get(type_, {}).values():
            attributes.update(changed)
    for document in written["data"].get("aws_iam_policy_document", {}).values():
        document["policy_id"] = "upgraded"
    for machine in resources.get("aws_sfn_state_machine", {}).values():
        machine["definition"] += "\n"
    if stack == EVENT_PROCESSING:
        resources["aws_sns_topic_subscription"] = {"operators": SUBSCRIPTION}
    path.write_text(json.dumps(written))


def destroy(system: DeployedSystem, stack: str) -> None:
    """Destroy a stack."""
    destroyed = system.terraform("destroy", "-auto-approve", stack=stack)
    assert destroyed.returncode == 0, destroyed.stderr
