"""Names: two environments fit in one account, and no resource is renamed by accident."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from stacks.version import VERSION
from tests.shipped import STACKS
from tests.stateful import STATEFUL
from tests.synth.template import Block, Synthesise, Template

LONGEST_ENVIRONMENT = "a234567890123456"

NAMED_BY = {
    "aws_cloudwatch_event_archive": ("name", 48),
    "aws_cloudwatch_dashboard": ("dashboard_name", 255),
    "aws_cloudwatch_event_bus": ("name", 256),
    "aws_cloudwatch_event_rule": ("name", 64),
    "aws_cloudwatch_log_group": ("name", 512),
    "aws_cloudwatch_log_resource_policy": ("policy_name", 256),
    "aws_cloudwatch_metric_alarm": ("alarm_name", 255),
    "aws_dynamodb_table": ("name", 255),
    "aws_ebs_volume": ("tags.Name", 256),
    "aws_iam_instance_profile": ("name", 128),
    "aws_iam_role": ("name", 64),
    "aws_instance": ("tags.Name", 256),
    "aws_lambda_function": ("function_name", 64),
    "aws_lambda_permission": ("statement_id", 100),
    "aws_route_table": ("tags.Name", 256),
    "aws_s3_bucket": ("bucket_prefix", 37),
    "aws_security_group": ("name", 255),
    "aws_sfn_state_machine": ("name", 80),
    "aws_sns_topic": ("name", 256),
    "aws_sqs_queue": ("name", 80),
    "aws_ssm_parameter": ("name", 1_011),
    "aws_subnet": ("tags.Name", 256),
    "aws_vpc": ("tags.Name", 256),
    "aws_vpc_dhcp_options": ("tags.Name", 256),
    "aws_vpc_endpoint": ("tags.Name", 256),
}
"""By type: the argument with the name in the account, and the greatest length of the name."""
PREFIXES = {"bucket_prefix": ("bucket", 63)}
"""Arguments that may have the whole name instead of its prefix."""

NAMELESS = {
    "aws_cloudwatch_event_target",
    "aws_default_security_group",
    "aws_iam_role_policy",
    "aws_lambda_event_source_mapping",
    "aws_lambda_function_event_invoke_config",
    "aws_route_table_association",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_sns_topic_policy",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_s3_object",
    "aws_storagegateway_cache",
    "aws_storagegateway_nfs_file_share",
    "aws_volume_attachment",
    "aws_vpc_dhcp_options_association",
    "aws_vpc_security_group_egress_rule",
    "aws_vpc_security_group_ingress_rule",
}
"""Parts of a named resource. The name of a share is only unique within its gateway."""


def names(template: Template) -> set[tuple[str, str]]:
    """Return the type and name of every resource with a name."""
    return {
        (type_, named(resource, *how)[0])
        for type_, how in NAMED_BY.items()
        for resource in template.resources(type_).values()
    }


def named(resource: Block, argument: str, longest: int) -> tuple[str, int]:
    """Return the name in an argument or a tag, and its greatest length."""
    if argument not in resource and argument in PREFIXES:
        argument, longest = PREFIXES[argument]
    block, _, key = argument.rpartition(".")
    return (resource[block] if block else resource)[key], longest


@pytest.fixture(params=STACKS)
def pair(
    request: pytest.FixtureRequest,
    dev_stacks: Mapping[str, Template],
    prod_stacks: Mapping[str, Template],
) -> tuple[Template, Template]:
    """Return each stack in turn, in two environments of the same account."""
    return dev_stacks[request.param], prod_stacks[request.param]


def test_the_argument_with_the_name_is_known_for_each_type(
    dev_stacks: Mapping[str, Template],
) -> None:
    """A new type must be added to one of the lists above, so that the tests below check it."""
    used = {type_ for each in dev_stacks.values() for type_ in each.written.get("resource", {})}
    assert used == NAMED_BY.keys() | NAMELESS


def test_every_name_carries_the_environment(pair: tuple[Template, Template]) -> None:
    """Pitfall 28."""
    for stack, environment in zip(pair, ("dev", "prod"), strict=True):
        assert [name for _, name in names(stack) if environment not in name] == []


def test_there_are_names_to_check(dev_stacks: Mapping[str, Template]) -> None:
    """Otherwise the other tests would pass for an empty list."""
    assert sum(len(names(stack)) for stack in dev_stacks.values()) > 70


def test_two_environments_share_no_name(pair: tuple[Template, Template]) -> None:
    """Pitfall 28: the second deployment would fail, or take over resources of the first."""
    dev, prod = pair
    assert len(names(dev)) == len(names(prod))
    assert names(dev) & names(prod) == set()


def test_two_environments_share_no_state(pair: tuple[Template, Template]) -> None:
    """This holds even if both use the same bucket."""
    ours, theirs = (each.written["terraform"]["backend"]["s3"] for each in pair)
    assert ours["bucket"] != theirs["bucket"]
    assert ours["key"] != theirs["key"]


@pytest.mark.parametrize("stack", STACKS)
def test_names_with_the_longest_environment_are_not_too_long(
    synthesise: Synthesise, stack: str
) -> None:
    """The setting allows sixteen characters; AWS would refuse a longer name at the deployment."""
    template = synthesise(stack, environmentName=LONGEST_ENVIRONMENT)
    for type_, how in NAMED_BY.items():
        for resource in template.resources(type_).values():
            name, longest = named(resource, *how)
            assert LONGEST_ENVIRONMENT in name
            assert len(name) <= longest, (type_, name)


def stateful(template: Template) -> set[str]:
    """Return the addresses of the resources that hold data."""
    return {each for each in template.addresses() if each.partition(".")[0] in STATEFUL}


def test_addresses_of_resources_with_data_are_frozen(
    dev: Template, vaulting: Template, sharing: Template
) -> None:
    """Moving or renaming a construct changes the address, and Terraform would replace the resource."""
    assert stateful(vaulting) == {
        "aws_ebs_volume.client_data_F54BB3CC",
        "aws_ebs_volume.gateway_cache_9078CB36",
        "aws_instance.client_5ABE7B08",
        "aws_instance.gateway_B15F83BA",
        "aws_s3_bucket.scripts_bucket_57FD5C5A",
    }
    assert stateful(sharing) == {
        "aws_storagegateway_cache.gateway_cache_A954DFAF",
        "aws_storagegateway_nfs_file_share.share_A11498C5",
    }
    assert stateful(dev) == {
        "aws_dynamodb_table.outcomes_F6A737AE",
        "aws_dynamodb_table.sets_45BDFB13",
        "aws_dynamodb_table.upload_events_F3695860",
        "aws_s3_bucket.file_upload_E9862983",
        "aws_s3_bucket.reports_7921670E",
        "aws_sqs_queue.records_86D700F3",
        "aws_sqs_queue.unclassified_98C4D233",
        "aws_sqs_queue.undelivered_A85334D5",
        "aws_sqs_queue.unrecorded_1BF2743A",
        "aws_sqs_queue.uploads_C5D9E923",
    }


def test_addresses_do_not_depend_on_the_environment(pair: tuple[Template, Template]) -> None:
    """A plan of one environment is valid for the others."""
    dev, prod = pair
    assert sorted(dev.addresses()) == sorted(prod.addresses())


def test_values_that_others_need_are_outputs(dev: Template) -> None:
    """The first output has the name in the specification."""
    outputs = {name: output["value"] for name, output in dev.readable["output"].items()}
    assert outputs == {
        "fileUploadBucketName": "${aws_s3_bucket.file_upload.bucket}",
        "reportsBucketName": "${aws_s3_bucket.reports.bucket}",
        "uploadEventTableName": "${aws_dynamodb_table.upload_events.name}",
        "outcomeTableName": "${aws_dynamodb_table.outcomes.name}",
        "setTableName": "${aws_dynamodb_table.sets.name}",
        "noticesTopicArn": "${aws_sns_topic.notices.arn}",
        "vaultBusName": "${aws_cloudwatch_event_bus.bus.name}",
        "uploadQueueUrl": "${aws_sqs_queue.uploads.url}",
        "uploadDeadLetterQueueUrl": "${aws_sqs_queue.unclassified.url}",
        "recordQueueUrl": "${aws_sqs_queue.records.url}",
        "recordDeadLetterQueueUrl": "${aws_sqs_queue.unrecorded.url}",
        "undeliveredQueueUrl": "${aws_sqs_queue.undelivered.url}",
        "stateMachineArn": "${aws_sfn_state_machine.reconciliation.arn}",
        "version": VERSION,
    }


def test_every_stack_has_the_version_of_the_newest_release_as_an_output(
    dev_stacks: Mapping[str, Template], root: Path
) -> None:
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    newest, *_ = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    assert {
        name: stack.written["output"]["version"]["value"] for name, stack in dev_stacks.items()
    } == dict.fromkeys(dev_stacks, newest)


def test_the_buckets_name_is_also_a_parameter(dev: Template, prod: Template) -> None:
    """Other stacks, and users without Terraform, can read it there."""
    for environment, stack in (("dev", dev), ("prod", prod)):
        assert stack.resource("aws_ssm_parameter.file_upload_bucket_name") == {
            "name": f"/{environment}/fileUploadBucketName",
            "type": "String",
            "value": "${aws_s3_bucket.file_upload.bucket}",
        }


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_also_has_the_tags_of_the_settings(
    synthesise: Synthesise, stack: str
) -> None:
    """The project's own tags have priority."""
    (provider,) = synthesise(stack, tags={"CostCentre": "4711"}).written["provider"]["aws"]
    assert provider["default_tags"][0]["tags"] == {
        "CostCentre": "4711",
        "Application": "storage-gateway-vault",
        "Environment": "dev",
        "Stack": stack,
    }


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_is_tagged(
    stack: str, dev_stacks: Mapping[str, Template], prod_stacks: Mapping[str, Template]
) -> None:
    """The provider sets the tags, so that none is forgotten."""
    for environment, stacks in (("dev", dev_stacks), ("prod", prod_stacks)):
        (provider,) = stacks[stack].written["provider"]["aws"]
        assert provider["default_tags"] == [
            {
                "tags": {
                    "Application": "storage-gateway-vault",
                    "Environment": environment,
                    "Stack": stack,
                }
            }
        ]
