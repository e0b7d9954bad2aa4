"""The file share: its gateway, its cache, its only client, and the announcement of its uploads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.synth.template import Synthesise, Template, referred

NOTIFICATION_POLICY = re.compile(r'^\{[\w\s:\{\}\[\]"]*}$')
"""https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_CreateNFSFileShare.html"""
BUCKET = "${data.terraform_remote_state.EventProcessingStack.outputs.fileUploadBucketName}"


def test_uploads_are_announced_a_minute_after_the_last_write(sharing: Template) -> None:
    """The policy has the only form that AWS's pattern allows."""
    policy = sharing.resource("aws_storagegateway_nfs_file_share.share")["notification_policy"]
    assert policy == '{"Upload": {"SettlingTimeInSeconds": 60}}'


@pytest.mark.parametrize("seconds", [1, 3600])
def test_the_settling_time_is_a_setting(synthesise: Synthesise, seconds: int) -> None:
    """Pitfall 32: it must exceed any pause in a copy."""
    stack = synthesise("FileShareStack", uploadSettlingSeconds=seconds)
    policy = stack.resource("aws_storagegateway_nfs_file_share.share")["notification_policy"]
    assert policy == f'{{"Upload": {{"SettlingTimeInSeconds": {seconds}}}}}'
    assert NOTIFICATION_POLICY.match(policy)
    assert 2 <= len(policy) <= 100


def test_the_share_is_the_whole_upload_bucket_for_the_client_alone(
    sharing: Template, vaulting: Template
) -> None:
    """The bucket's owner owns the objects, and root is mapped to nobody."""
    share = sharing.resource("aws_storagegateway_nfs_file_share.share")
    address = vaulting.resource("aws_instance.client")["private_ip"]
    assert share["client_list"] == [f"{address}/32"] == ["192.168.0.10/32"]
    assert share["location_arn"] == f"arn:aws:s3:::{BUCKET}"
    assert share["object_acl"] == "bucket-owner-full-control"
    assert share["squash"] == "RootSquash"


def test_the_client_mounts_the_share_by_its_name(sharing: Template, vaulting: Template) -> None:
    """Two stacks have the name; this compares them."""
    name = sharing.resource("aws_storagegateway_nfs_file_share.share")["file_share_name"]
    configuration = vaulting.resource("aws_s3_object.scripts_configuration")["content"]
    assert f"SHARE_PATH=/{name}\n" in configuration
    assert name == "vaultdata"


def test_the_share_is_created_after_its_cache_and_in_a_later_stack_than_its_role(
    sharing: Template, vaulting: Template
) -> None:
    """A gateway refuses a share without a cache, and a role cannot be assumed in its first seconds."""
    share = sharing.resource("aws_storagegateway_nfs_file_share.share")
    assert [re.sub(r"_[0-9A-F]{8}$", "", each) for each in share["depends_on"]] == [
        "aws_storagegateway_cache.gateway_cache",
    ]
    role = vaulting.resource("aws_iam_role.share_role")["name"]
    assert share["role_arn"] == f"arn:aws:iam::ACCOUNT:role/{role}"


def test_the_cache_is_not_replaced_when_its_parameter_has_another_value(sharing: Template) -> None:
    """Pitfall 24: a cache cannot be removed, so the provider would fail for ever."""
    cache = sharing.resource("aws_storagegateway_cache.gateway_cache")
    assert cache["lifecycle"] == {"ignore_changes": ["disk_id"]}
    assert '"/dev/fileGateway/cacheDiskId"' in cache["disk_id"]


def test_an_existing_cache_can_be_imported(sharing: Template, root: Path) -> None:
    """The page names the address and the parameter that the stack has."""
    page = (root / "docs" / "file-share.md").read_text(encoding="utf-8")
    (address,) = set(re.findall(r"(?:import|state rm) (aws_\w+\.\w+)", page))
    type_, _, name = address.partition(".")
    assert name in sharing.written["resource"][type_]
    assert type_ == "aws_storagegateway_cache"
    path = sharing.data("aws_ssm_parameters_by_path")["gateway_parameters"]["path"]
    assert f"--name {path}/arn " in page


def test_a_gateway_that_is_not_activated_is_reported_with_the_remedy(sharing: Template) -> None:
    """Terraform stops before it creates anything."""
    reported = sharing.data("aws_ssm_parameters_by_path")["gateway_parameters"]
    (condition,) = reported["lifecycle"]["postcondition"]
    assert reported["path"] == "/dev/fileGateway"
    for word in (
        "environment dev",
        "/dev/fileGateway/arn",
        "DataVaultingStack",
        "activate-gateway.sh",
    ):
        assert word in condition["error_message"]
    assert "/dev/fileGateway/cacheDiskId" in condition["condition"]


def test_the_stack_can_be_destroyed_after_its_gateway(sharing: Template) -> None:
    """Terraform then still evaluates the whole stack, and a missing key would be an error."""
    for value in sharing.readable["locals"].values():
        assert "parameters_by_path" not in value or value.startswith("${lookup(")


def test_the_client_stores_the_gateways_parameters_where_the_share_reads_them(
    sharing: Template, vaulting: Template
) -> None:
    """Its role allows that."""
    path = sharing.data("aws_ssm_parameters_by_path")["gateway_parameters"]["path"]
    configuration = vaulting.resource("aws_s3_object.scripts_configuration")["content"]
    assert f"GATEWAY_PARAMETERS={path}\n" in configuration
    (report,) = (
        each
        for each in vaulting.policies()["client_role_permissions"]
        if each["sid"] == "RegisterGateway"
    )
    assert report["resources"] == [f"arn:aws:ssm:REGION:ACCOUNT:parameter{path}/*"]


def test_the_endpoint_allows_exactly_the_permissions_of_the_shares_role(vaulting: Template) -> None:
    """The role's name, the actions and the resources are the same."""
    role = vaulting.resource("aws_iam_role.share_role")["name"]
    let_through = {
        tuple(each["actions"]): each["resources"]
        for each in vaulting.policies()["s3_policy"]
        if f"role/{role}" in str(each.get("condition"))
    }
    assert let_through == {
        tuple(each["actions"]): each["resources"]
        for each in vaulting.policies()["share_role_permissions"]
    }


def test_the_shares_role_is_for_gateways_of_this_account_and_region(vaulting: Template) -> None:
    """The gateway's own ARN is not known before its activation."""
    (trust,) = vaulting.policies()["share_role_trust"]
    assert {each["variable"]: each["values"] for each in trust["condition"]} == {
        "aws:SourceArn": ["arn:aws:storagegateway:REGION:ACCOUNT:gateway/*"],
        "aws:SourceAccount": ["ACCOUNT"],
    }


def test_the_share_reaches_s3_by_an_interface_endpoint_if_the_setting_is_true(
    sharing: Template, vaulting: Template, synthesise: Synthesise
) -> None:
    """The name has no leading ``*.``, which Storage Gateway's pattern of a host name refuses."""
    share = sharing.resource("aws_storagegateway_nfs_file_share.share")
    assert not {"vpc_endpoint_dns_name", "bucket_region"} & set(share)
    assert "endpoints_s3" not in vaulting.resources("aws_vpc_endpoint")

    share = synthesise("FileShareStack", s3InterfaceEndpoint=True).resource(
        "aws_storagegateway_nfs_file_share.share"
    )
    network = synthesise("DataVaultingStack", s3InterfaceEndpoint=True)
    endpoint = network.resource("aws_vpc_endpoint.endpoints_s3")
    output = network.readable["output"]["s3EndpointDnsName"]["value"]
    assert share["bucket_region"] == "REGION"
    assert share["vpc_endpoint_dns_name"] == (
        "${data.terraform_remote_state.DataVaultingStack.outputs.s3EndpointDnsName}"
    )
    assert output == '${trimprefix(aws_vpc_endpoint.endpoints_s3.dns_entry[0].dns_name, "*.")}'
    assert endpoint["private_dns_enabled"] is False
    assert [referred(each) for each in endpoint["security_group_ids"]] == [
        "aws_security_group.groups_service_endpoints"
    ]
    by_role = network.policies()["share_role_permissions"]
    assert [each["actions"] for each in network.policies()["endpoints_s3_policy"]] == [
        each["actions"] for each in by_role
    ]


def test_the_gateways_alarms_are_those_that_aws_recommends(
    sharing: Template,
) -> None:
    """The dimensions are both names of the gateway."""
    alarms = sharing.resources("aws_cloudwatch_metric_alarm")
    watched = {
        alarm["metric_name"]: (alarm["statistic"], alarm["threshold"], alarm["evaluation_periods"])
        for alarm in alarms.values()
    }
    assert watched == {
        "HealthNotifications": ("Sum", 0, 1),
        "AvailabilityNotifications": ("Sum", 0, 1),
        "CachePercentDirty": ("Average", 80, 4),
        "IoWaitPercent": ("Average", 20, 3),
    }
    for alarm in alarms.values():
        assert alarm["namespace"] == "AWS/StorageGateway"
        assert alarm["comparison_operator"] == "GreaterThanThreshold"
        assert alarm["dimensions"] == {
            "GatewayId": "${local.gateway_id}",
            "GatewayName": "vault-dev",
        }


def test_the_gateways_alarms_notify_the_same_people_as_the_others(
    sharing: Template, dev: Template, synthesise: Synthesise
) -> None:
    """By default that is the topic of EventProcessingStack, whose policy names each of the alarms."""
    notices = "${data.terraform_remote_state.EventProcessingStack.outputs.noticesTopicArn}"
    statements = {each["sid"]: each for each in dev.policies()["notices_may_publish"]}
    (condition,) = statements["PublishAlarms"]["condition"]
    sources = condition["values"]
    for alarm in sharing.resources("aws_cloudwatch_metric_alarm").values():
        assert alarm["alarm_actions"] == [notices]
        assert [arn for arn in sources if arn.endswith(f":alarm:{alarm['alarm_name']}")]
    topic = "arn:aws:sns:eu-west-1:123456789012:operators"
    reported = synthesise("FileShareStack", alarmTopicArn=topic)
    for alarm in reported.resources("aws_cloudwatch_metric_alarm").values():
        assert alarm["alarm_actions"] == [topic]


def test_values_that_others_need_are_outputs(dev_stacks: Mapping[str, Template]) -> None:
    """This holds for both stacks."""
    assert set(dev_stacks["DataVaultingStack"].written["output"]) == {
        "clientInstanceId",
        "gatewayInstanceId",
        "scriptsBucketName",
        "clientConfiguration",
        "version",
    }
    outputs = set(dev_stacks["FileShareStack"].written["output"])
    assert outputs == {"fileShareArn", "sharePath", "version"}
