"""Stored data is encrypted, recoverable, private, expiring, and protected from accidental deletion."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.shipped import STACKS
from tests.stateful import STATEFUL
from tests.synth.template import Block, Synthesise, Template, attribute, referred

BUCKETS = ("file_upload", "reports")
TABLES = ("upload_events", "outcomes", "sets")
QUEUES = ("records", "unclassified", "undelivered", "unrecorded", "uploads")

DESTROYED = STATEFUL - {"aws_storagegateway_cache"}
"""Except the cache: a cache disk cannot be removed, so that destroying the resource has no effect in AWS.

https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/storagegateway_cache
"""


def part_of(template: Template, bucket: str, part: str) -> Block:
    """Return the resource of the type ``aws_s3_bucket_<part>`` for *bucket*."""
    (found,) = (
        each
        for each in template.resources(f"aws_s3_bucket_{part}").values()
        if each["bucket"] == attribute(f"aws_s3_bucket.{bucket}", "id")
    )
    return found


def test_these_are_all_resources_that_hold_data(dev: Template) -> None:
    """So the tests below check all of them."""
    assert tuple(sorted(dev.resources("aws_s3_bucket"))) == BUCKETS
    assert set(dev.resources("aws_dynamodb_table")) == set(TABLES)
    assert tuple(sorted(dev.resources("aws_sqs_queue"))) == QUEUES


@pytest.mark.parametrize("stack", STACKS)
def test_a_bucket_is_encrypted_and_versioned(
    dev_stacks: Mapping[str, Template], stack: str
) -> None:
    """Pitfall 10; an outcome is about one version of the manifest."""
    for bucket in dev_stacks[stack].resources("aws_s3_bucket"):
        encryption = part_of(dev_stacks[stack], bucket, "server_side_encryption_configuration")
        (rule,) = encryption["rule"]
        assert rule["apply_server_side_encryption_by_default"] == {"sse_algorithm": "AES256"}
        versioning = part_of(dev_stacks[stack], bucket, "versioning")["versioning_configuration"]
        assert versioning == {"status": "Enabled"}


@pytest.mark.parametrize("stack", STACKS)
def test_a_bucket_is_closed_to_the_public(dev_stacks: Mapping[str, Template], stack: str) -> None:
    """Pitfall 10: all four settings."""
    for bucket in dev_stacks[stack].resources("aws_s3_bucket"):
        block = part_of(dev_stacks[stack], bucket, "public_access_block")
        given = {key: value for key, value in block.items() if key not in {"bucket", "depends_on"}}
        assert given == {
            "block_public_acls": True,
            "block_public_policy": True,
            "ignore_public_acls": True,
            "restrict_public_buckets": True,
        }


@pytest.mark.parametrize("stack", STACKS)
def test_a_bucket_is_accessible_over_tls_only(
    dev_stacks: Mapping[str, Template], stack: str
) -> None:
    """Pitfall 10: for everybody, every action, the bucket and its objects."""
    for bucket in dev_stacks[stack].resources("aws_s3_bucket"):
        policy = referred(part_of(dev_stacks[stack], bucket, "policy")["policy"])
        (statement,) = dev_stacks[stack].policies()[policy.partition(".")[2]]
        arn = attribute(f"aws_s3_bucket.{bucket}", "arn")
        assert statement == {
            "sid": "RefuseWithoutTls",
            "effect": "Deny",
            "principals": [{"type": "*", "identifiers": ["*"]}],
            "actions": ["s3:*"],
            "resources": [arn, f"{arn}/*"],
            "condition": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}],
        }


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_removes_parts_of_aborted_uploads_and_replaced_versions(
    dev: Template, bucket: str
) -> None:
    """Pitfall 10: neither is visible in a list of objects."""
    rule, *_ = part_of(dev, bucket, "lifecycle_configuration")["rule"]
    assert rule["status"] == "Enabled"
    assert rule["filter"] == [{"prefix": ""}]
    assert rule["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 7}]
    assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 30}]


def test_uploaded_objects_never_expire(dev: Template) -> None:
    """Only reports expire, and what belongs to them; receipts do not."""
    (uploads,) = part_of(dev, "file_upload", "lifecycle_configuration")["rule"]
    whole, *reports = part_of(dev, "reports", "lifecycle_configuration")["rule"]
    assert "expiration" not in uploads
    assert "expiration" not in whole
    expiring = {rule["filter"][0]["prefix"]: rule["expiration"] for rule in reports}
    assert expiring == {key: [{"days": 30}] for key in ("reports/", "content/", "set-aside/")}


def test_only_the_gateway_writes_into_the_upload_bucket(dev: Template) -> None:
    """No role of the stack may write there."""
    for name, statements in dev.policies().items():
        for statement in statements:
            on_uploads = any(
                "aws_s3_bucket.file_upload" in each for each in statement.get("resources", [])
            )
            if on_uploads and statement.get("effect") != "Deny":
                reading = {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"}
                assert set(statement["actions"]) <= reading, name


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_encrypted_recoverable_and_its_rows_expire(dev: Template, table: str) -> None:
    """Pitfall 10."""
    config = dev.resource(f"aws_dynamodb_table.{table}")
    assert config["server_side_encryption"] == {"enabled": True}
    assert config["point_in_time_recovery"] == {"enabled": True}
    assert config["ttl"] == {"attribute_name": "expiresAt", "enabled": True}


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_is_encrypted(dev: Template, queue: str) -> None:
    """With SQS's own key, for which EventBridge needs no permission."""
    config = dev.resource(f"aws_sqs_queue.{queue}")
    assert config["sqs_managed_sse_enabled"] is True
    assert "kms_master_key_id" not in config


@pytest.mark.parametrize("delete", [False, True])
def test_data_is_deleted_with_the_stack_only_if_a_setting_allows_it(
    synthesise: Synthesise, delete: bool
) -> None:
    """Pitfall 10."""
    stack = synthesise(deleteDataWithStacks=delete)
    for bucket in BUCKETS:
        assert stack.resource(f"aws_s3_bucket.{bucket}")["force_destroy"] is delete
    for table in TABLES:
        config = stack.resource(f"aws_dynamodb_table.{table}")
        assert config["deletion_protection_enabled"] is not delete


def test_by_default_data_outlives_the_stack(dev: Template, prod: Template) -> None:
    """In the environments for real data."""
    for stack in (dev, prod):
        for bucket in BUCKETS:
            assert stack.resource(f"aws_s3_bucket.{bucket}")["force_destroy"] is False
        for table in TABLES:
            assert stack.resource(f"aws_dynamodb_table.{table}")["deletion_protection_enabled"]


@pytest.mark.parametrize("stack", STACKS)
def test_in_production_terraform_destroys_no_resource_with_data(
    dev_stacks: Mapping[str, Template], prod_stacks: Mapping[str, Template], stack: str
) -> None:
    """Nor does it replace one. In other environments only the state is protected."""
    for type_ in sorted(DESTROYED):
        for name, resource in prod_stacks[stack].resources(type_).items():
            assert resource["lifecycle"]["prevent_destroy"] is True, name
            assert not resource.get("force_destroy"), name
            assert resource.get("deletion_protection_enabled", True), name
        for name, resource in dev_stacks[stack].resources(type_).items():
            kept = "prevent_destroy" in resource.get("lifecycle", {})
            assert kept is (stack == "StateBackendStack"), name


def test_everything_that_expires_does_so_after_the_same_days(synthesise: Synthesise) -> None:
    """Functions set the expiry of rows and outcomes, buckets that of versions and reports."""
    stack = synthesise(expiryDays=45)
    for bucket in BUCKETS:
        for rule in part_of(stack, bucket, "lifecycle_configuration")["rule"]:
            assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 45}]
            assert rule.get("expiration", [{"days": 45}]) == [{"days": 45}]
    days = {
        function["environment"]["variables"].get("EXPIRY_DAYS")
        for function in stack.resources("aws_lambda_function").values()
    }
    assert days == {"45", None}
