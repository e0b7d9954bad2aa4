"""The infrastructure's life cycle; it runs last, because it destroys what other tests use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from local.deployed_system import DATA_VAULTING, EVENT_PROCESSING, FILE_SHARE, DeployedSystem
from tests.first_day import first_reviews
from tests.integration.first_review import first_review
from tests.integration.plan_changes import changes, unexplained
from tests.integration.upgrade import destroy, upgraded

STACKS = (DATA_VAULTING, FILE_SHARE)


def test_first_reviews_are_those_of_the_documented_first_day(whole: DeployedSystem) -> None:
    """EventProcessingStack is reviewed in test_plan_review.py, at the same time."""
    documented = first_reviews()
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda stack: first_review(whole, stack), STACKS)
    assert list(found) == [documented[stack] for stack in STACKS]


def test_a_second_plan_is_empty(whole: DeployedSystem) -> None:
    """Attributes that the emulator cannot read back are excepted.

    EventProcessingStack is planned in test_cdktf.py, at the same time.
    """
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda stack: unexplained(changes(whole, stack)), STACKS)
    assert list(found) == [[], []]


def test_an_upgrade_changes_every_resource_in_place(whole: DeployedSystem) -> None:
    """EventProcessingStack is upgraded in test_upgrade.py, at the same time."""
    with ThreadPoolExecutor() as pool:
        left = pool.map(lambda stack: upgraded(whole, stack), STACKS)
    assert list(left) == [[], []]


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
