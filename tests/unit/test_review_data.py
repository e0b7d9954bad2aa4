"""Losses of data, weaker protection, and losses that are allowed by name."""

from __future__ import annotations

import pytest

from deployment.review.data import LOST
from deployment.review.plan import Action
from tests.stateful import STATEFUL
from tests.unit.plans import Json, bucket_replaced, change, found


@pytest.mark.parametrize("type_", sorted(LOST))
@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"], ["create", "delete"]])
def test_a_loss_of_data_is_refused_unless_it_is_allowed(type_: str, actions: list[str]) -> None:
    address = f"{type_}.kept"
    findings = found(change(address, *actions, before={"name": "a"}, after={"name": "b"}))
    (loss,) = findings.losses()
    assert loss.address == address
    assert LOST[type_] in loss.text
    assert findings.losses([address]) == ()


def test_only_the_exact_address_is_allowed() -> None:
    findings = found(bucket_replaced("aws_s3_bucket.reports"))
    near = ["aws_s3_bucket.report", "aws_s3_bucket.reports_2", "aws_s3_bucket.*", "reports", ""]
    assert len(findings.losses(near)) == 1


def test_a_replacement_names_the_argument_that_forces_it() -> None:
    (loss,) = found(bucket_replaced()).losses()
    assert "`bucket` cannot change in place" in loss.text
    assert "(`old`)" in loss.text


def test_a_deposed_object_counts_as_a_loss() -> None:
    left = change("aws_dynamodb_table.a", "delete", before={"name": "a"}, deposed="ab12")
    (loss,) = found(left).losses()
    assert "earlier replacement" in loss.text


@pytest.mark.parametrize(
    "address", ["aws_iam_role.a", "aws_lambda_function.a", "aws_s3_bucket_policy.a"]
)
def test_a_resource_without_data_may_be_destroyed(address: str) -> None:
    assert found(change(address, "delete", before={"name": "a"})).losses() == ()


def test_creating_and_changing_loses_nothing() -> None:
    findings = found(
        change("aws_s3_bucket.a", "create", after={"force_destroy": True}),
        change("aws_sqs_queue.a", "update", before={"delay": 1}, after={"delay": 2}),
    )
    assert not findings.dangers
    assert findings.counts == {Action.CREATE: 1, Action.UPDATE: 1}


@pytest.mark.parametrize(
    ("address", "before", "after"),
    [
        ("aws_s3_bucket.a", {"force_destroy": False}, {"force_destroy": True}),
        (
            "aws_s3_bucket_versioning.a",
            {"versioning_configuration": [{"status": "Enabled"}]},
            {"versioning_configuration": [{"status": "Suspended"}]},
        ),
        (
            "aws_s3_bucket_public_access_block.a",
            {"block_public_policy": True},
            {"block_public_policy": False},
        ),
        (
            "aws_s3_bucket_lifecycle_configuration.a",
            {"rule": [{"id": "a", "expiration": []}]},
            {"rule": [{"id": "a", "expiration": [{"days": 30}]}]},
        ),
        (
            "aws_dynamodb_table.a",
            {"deletion_protection_enabled": True},
            {"deletion_protection_enabled": False},
        ),
        (
            "aws_dynamodb_table.a",
            {"point_in_time_recovery": [{"enabled": True}]},
            {"point_in_time_recovery": [{"enabled": False}]},
        ),
        (
            "aws_sqs_queue.a",
            {"message_retention_seconds": 1209600},
            {"message_retention_seconds": 60},
        ),
        ("aws_cloudwatch_log_group.a", {"retention_in_days": 0}, {"retention_in_days": 30}),
    ],
)
def test_weaker_protection_is_a_danger(address: str, before: Json, after: Json) -> None:
    weaker = found(change(address, "update", before=before, after=after))
    assert len(weaker.dangers) == 1
    assert weaker.losses() == ()
    stronger = found(change(address, "update", before=after, after=before))
    assert stronger.dangers == ()


def test_a_number_within_a_json_text_is_no_retention_time() -> None:
    """A state machine's definition may contain ``days``, too; only the resource's own arguments count."""
    findings = found(
        change(
            "aws_sfn_state_machine.a",
            "update",
            before={"definition": '{"days": 30, "sse_algorithm": "x"}'},
            after={"definition": '{"days": 20, "sse_algorithm": "y"}'},
        )
    )
    assert not findings.dangers


@pytest.mark.parametrize("part", ["versioning", "public_access_block"])
def test_a_removed_protection_is_a_danger(part: str) -> None:
    findings = found(change(f"aws_s3_bucket_{part}.a", "delete", before={"bucket": "a"}))
    assert len(findings.dangers) == 1


def test_a_resource_that_terraform_forgets_is_a_danger() -> None:
    """The resource still exists, but no state contains it."""
    findings = found(change("aws_s3_bucket.a", "forget", before={"bucket": "a"}))
    assert len(findings.dangers) == 1
    assert findings.losses() == ()


def test_types_with_frozen_addresses_are_among_those_with_data() -> None:
    assert LOST.keys() >= STATEFUL


def test_a_change_outside_of_terraform_is_reported_if_the_plan_reverts_it() -> None:
    """Other drift in a plan only shows how a provider reads values back."""
    mended = change("aws_sqs_queue.a", "update", before={"delay": 5}, after={"delay": 0})
    findings = found(
        mended,
        drift=[
            change("aws_sqs_queue.a", "update", before={"delay": 0}, after={"delay": 5}),
            change("aws_iam_role.a", "update", before={"inline": []}, after={"inline": ["x"]}),
            change("aws_sqs_queue.gone", "delete", before={"name": "gone"}),
        ],
    )
    assert [hunk.title for hunk in findings.drift] == [
        "aws_sqs_queue.a",
        "aws_sqs_queue.gone was deleted",
    ]
