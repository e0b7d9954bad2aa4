"""The infrastructure's own life; last, since it ends with the destruction of what others use."""

from __future__ import annotations

import json

from local.local_system import LocalSystem

READ_BACK_GAPS = {
    "aws_cloudwatch_metric_alarm": "the emulator forgets dimensions, period and statistic of an alarm",
}
"""Resources that the local AWS reads back incompletely: a second plan would mend them."""


def changes(system: LocalSystem) -> dict[str, list[str]]:
    """Return what a plan would do now, by address."""
    assert system.terraform("plan", "-out=again.tfplan").returncode == 0
    plan = json.loads(system.terraform("show", "-json", "again.tfplan").stdout)
    return {
        change["address"]: change["change"]["actions"]
        for change in plan["resource_changes"]
        if change["change"]["actions"] != ["no-op"]
    }


def test_a_second_plan_is_empty(system: LocalSystem) -> None:
    """But for what the emulator cannot read back."""
    found = changes(system)

    assert {address.partition(".")[0] for address in found} <= READ_BACK_GAPS.keys()
    assert all(actions == ["update"] for actions in found.values())


def test_destroy_leaves_nothing(system: LocalSystem) -> None:
    """Of all that carries the environment's name, whatever was put into it meanwhile."""
    destroyed = system.terraform("destroy", "-auto-approve")
    assert destroyed.returncode == 0, destroyed.stderr

    client = system.client
    left = [
        *(bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]),
        *client("dynamodb").list_tables()["TableNames"],
        *client("sqs").list_queues().get("QueueUrls", []),
        *(each["FunctionName"] for each in client("lambda").list_functions()["Functions"]),
        *(each["name"] for each in client("stepfunctions").list_state_machines()["stateMachines"]),
        *(each["Name"] for each in client("events").list_rules()["Rules"]),
        *(each["Name"] for each in client("events").list_event_buses()["EventBuses"]),
        *(each["RoleName"] for each in client("iam").list_roles()["Roles"]),
        *(each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]),
        *(each["Name"] for each in client("ssm").describe_parameters()["Parameters"]),
        *(
            each["UUID"]
            for each in client("lambda").list_event_source_mappings()["EventSourceMappings"]
        ),
    ]
    ours = [name for name in left if "local" in name and "terraform-state" not in name]
    assert ours == []
