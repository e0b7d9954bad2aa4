"""The infrastructure's life cycle; it runs last, because it destroys what other tests use."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

from local.deployed_system import DATA_VAULTING, EVENT_PROCESSING, FILE_SHARE, DeployedSystem
from tests.integration.plan_changes import PLAN, changes, unexplained
from tests.integration.upgrade import upgrade

STACKS = (EVENT_PROCESSING, DATA_VAULTING, FILE_SHARE)
T = TypeVar("T")


def of_each_stack(change: Callable[[str], T]) -> list[T]:
    """Call *change* for all stacks at once, because Terraform waits for most of its time."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(change, STACKS))


def unexplained_changes(system: DeployedSystem) -> list[str]:
    """Plan all stacks, and return the changes that no gap of the emulator explains."""
    found = of_each_stack(lambda stack: unexplained(changes(system, stack)))
    return list(chain.from_iterable(found))


def test_a_second_plan_is_empty(whole: DeployedSystem) -> None:
    """Attributes that the emulator cannot read back are excepted."""
    assert unexplained_changes(whole) == []


def test_an_upgrade_changes_every_resource_in_place(whole: DeployedSystem) -> None:
    """The deployer's policies allow it; nothing is replaced, and a second plan is empty."""

    def upgraded(stack: str) -> set[str]:
        upgrade(whole, stack)
        planned = changes(whole, stack)
        applied = whole.terraform("apply", PLAN, stack=stack)
        assert applied.returncode == 0, applied.stderr
        return {action for each in planned for action in each["change"]["actions"]}

    for actions in of_each_stack(upgraded):
        assert actions <= {"update", "create", "read"}  # a subscription is created
    assert unexplained_changes(whole) == []


def destroy(system: DeployedSystem, stack: str) -> None:
    destroyed = system.terraform("destroy", "-auto-approve", stack=stack)
    assert destroyed.returncode == 0, destroyed.stderr


def test_a_share_needs_an_activated_gateway(whole: DeployedSystem) -> None:
    """Terraform prints the remedy; the gateway is deleted after its activation."""
    destroy(whole, FILE_SHARE)
    whole.gateway_client().run("deactivate-gateway.sh", "--yes")

    planned = whole.terraform("plan", stack=FILE_SHARE)

    assert whole.client("storagegateway").list_gateways()["Gateways"] == []
    assert planned.returncode == 1
    assert "/opt/vault/scripts/activate-gateway.sh" in planned.stderr


def network_left(system: DeployedSystem) -> list[str]:
    """List the remaining resources of the environment's network, by name and id."""
    ec2 = system.client("ec2")
    ours = [{"Name": "tag:Environment", "Values": ["demo"]}]
    left = [
        *(each["VpcId"] for each in ec2.describe_vpcs(Filters=ours)["Vpcs"]),
        *(each["VolumeId"] for each in ec2.describe_volumes(Filters=ours)["Volumes"]),
        *(each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]),
        *(
            instance["InstanceId"]
            for each in ec2.describe_instances(Filters=ours)["Reservations"]
            for instance in each["Instances"]
            if instance["State"]["Name"] != "terminated"
        ),
    ]
    return [f"demo {each}" for each in left]


def test_destroy_leaves_nothing(whole: DeployedSystem) -> None:
    """All resources with the environment's name are deleted, with their contents."""
    destroy(whole, DATA_VAULTING)
    destroy(whole, EVENT_PROCESSING)

    client = whole.client
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
        *network_left(whole),
        *(
            each["FunctionArn"]
            for each in client("lambda").list_event_source_mappings()["EventSourceMappings"]
        ),
    ]
    ours = [name for name in left if "demo" in name and "terraform-state" not in name]
    assert ours == []
