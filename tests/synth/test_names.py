"""What things are called: two environments fit in one account, and nothing is renamed by chance."""

from __future__ import annotations

import pytest

from tests.synth.template import Synthesise, Template

LONGEST_ENVIRONMENT = "a234567890123456"

NAMED_BY = {
    "aws_cloudwatch_event_bus": ("name", 256),
    "aws_cloudwatch_event_rule": ("name", 64),
    "aws_cloudwatch_log_group": ("name", 512),
    "aws_cloudwatch_log_resource_policy": ("policy_name", 256),
    "aws_cloudwatch_metric_alarm": ("alarm_name", 255),
    "aws_dynamodb_table": ("name", 255),
    "aws_iam_role": ("name", 64),
    "aws_lambda_function": ("function_name", 64),
    "aws_lambda_permission": ("statement_id", 100),
    "aws_s3_bucket": ("bucket_prefix", 37),
    "aws_sfn_state_machine": ("name", 80),
    "aws_sqs_queue": ("name", 80),
    "aws_ssm_parameter": ("name", 1_011),
}
"""Of each type the argument that names it in the account, and how long that may be."""

NAMELESS = {
    "aws_cloudwatch_event_target",
    "aws_iam_role_policy",
    "aws_lambda_event_source_mapping",
    "aws_lambda_function_event_invoke_config",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
}
"""Parts of something that has a name."""

STATEFUL = {
    "aws_dynamodb_table",
    "aws_s3_bucket",
    "aws_sqs_queue",
}


def names(template: Template) -> set[tuple[str, str]]:
    """Return the type and the name of everything that has one."""
    return {
        (type_, resource[argument])
        for type_, (argument, _) in NAMED_BY.items()
        for resource in template.resources(type_).values()
    }


def test_it_is_known_how_each_type_is_named(dev: Template) -> None:
    """A new type is added to one of the lists above, and so to what the tests below look at."""
    assert set(dev.written["resource"]) == NAMED_BY.keys() | NAMELESS


def test_every_name_carries_the_environment(dev: Template, prod: Template) -> None:
    """Pitfall 28."""
    assert len(names(dev)) == len(names(prod)) > 40
    assert [name for _, name in names(dev) if "dev" not in name] == []
    assert [name for _, name in names(prod) if "prod" not in name] == []


def test_two_environments_share_no_name(dev: Template, prod: Template) -> None:
    """Pitfall 28: the second one would fail to deploy, or take over what the first one has."""
    assert names(dev) & names(prod) == set()


def test_two_environments_share_no_state(dev: Template, prod: Template) -> None:
    """Not even where somebody gives both the same bucket."""
    ours, theirs = (each.written["terraform"]["backend"]["s3"] for each in (dev, prod))
    assert ours["bucket"] != theirs["bucket"]
    assert ours["key"] != theirs["key"]


def test_the_longest_environments_names_are_not_too_long(synthesise: Synthesise) -> None:
    """The setting allows sixteen characters; AWS would refuse a name at the deployment."""
    stack = synthesise(environmentName=LONGEST_ENVIRONMENT)
    for type_, (argument, longest) in NAMED_BY.items():
        for resource in stack.resources(type_).values():
            assert LONGEST_ENVIRONMENT in resource[argument]
            assert len(resource[argument]) <= longest, (type_, resource[argument])


def test_addresses_of_what_keeps_data_are_frozen(dev: Template) -> None:
    """A construct that is moved or renamed has another address: Terraform would replace it."""
    stateful = {each for each in dev.addresses() if each.partition(".")[0] in STATEFUL}
    assert stateful == {
        "aws_dynamodb_table.outcomes_F6A737AE",
        "aws_dynamodb_table.upload_events_F3695860",
        "aws_s3_bucket.file_upload_E9862983",
        "aws_s3_bucket.reports_7921670E",
        "aws_sqs_queue.unclassified_98C4D233",
        "aws_sqs_queue.undelivered_A85334D5",
        "aws_sqs_queue.uploads_C5D9E923",
    }


def test_addresses_do_not_depend_on_the_environment(dev: Template, prod: Template) -> None:
    """What holds of one environment's plan holds of another one's."""
    assert sorted(dev.addresses()) == sorted(prod.addresses())


def test_what_others_need_is_an_output(dev: Template) -> None:
    """The first one by the specification's own name."""
    outputs = {name: output["value"] for name, output in dev.readable["output"].items()}
    assert outputs == {
        "fileUploadBucketName": "${aws_s3_bucket.file_upload.bucket}",
        "reportsBucketName": "${aws_s3_bucket.reports.bucket}",
        "uploadEventTableName": "${aws_dynamodb_table.upload_events.name}",
        "outcomeTableName": "${aws_dynamodb_table.outcomes.name}",
        "vaultBusName": "${aws_cloudwatch_event_bus.bus.name}",
        "uploadQueueUrl": "${aws_sqs_queue.uploads.url}",
        "uploadDeadLetterQueueUrl": "${aws_sqs_queue.unclassified.url}",
        "undeliveredQueueUrl": "${aws_sqs_queue.undelivered.url}",
        "stateMachineArn": "${aws_sfn_state_machine.reconciliation.arn}",
    }


def test_the_buckets_name_is_a_parameter_too(dev: Template, prod: Template) -> None:
    """Where the other stack, and whoever has no Terraform, finds it."""
    for environment, stack in (("dev", dev), ("prod", prod)):
        assert stack.resource("aws_ssm_parameter.file_upload_bucket_name") == {
            "name": f"/{environment}/fileUploadBucketName",
            "type": "String",
            "value": "${aws_s3_bucket.file_upload.bucket}",
        }


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_everything_is_tagged(environment: str, dev: Template, prod: Template) -> None:
    """By the provider, so that nothing is forgotten."""
    stack = {"dev": dev, "prod": prod}[environment]
    (provider,) = stack.written["provider"]["aws"]
    assert provider["default_tags"] == [
        {
            "tags": {
                "Application": "storage-gateway-vault",
                "Environment": environment,
                "Stack": "EventProcessingStack",
            }
        }
    ]
