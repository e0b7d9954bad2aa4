"""What would be lost, what is protected less, and what needs to be allowed by name."""

from __future__ import annotations

import pytest

from deployment.review.data import LOST
from deployment.review.plan import Action
from tests.stateful import STATEFUL
from tests.unit.plans import Json, bucket_replaced, change, found


@pytest.mark.parametrize("type_", sorted(LOST))
@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"], ["create", "delete"]])
def test_what_keeps_data_is_not_lost_unasked(type_: str, actions: list[str]) -> None:
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


def test_a_replacement_says_what_forces_it() -> None:
    (loss,) = found(bucket_replaced()).losses()
    assert "`bucket` cannot change in place" in loss.text
    assert "(`old`)" in loss.text


def test_what_an_earlier_replacement_left_is_lost_too() -> None:
    left = change("aws_dynamodb_table.a", "delete", before={"name": "a"}, deposed="ab12")
    (loss,) = found(left).losses()
    assert "earlier replacement" in loss.text


@pytest.mark.parametrize(
    "address", ["aws_iam_role.a", "aws_lambda_function.a", "aws_s3_bucket_policy.a"]
)
def test_what_keeps_no_data_may_go(address: str) -> None:
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
def test_less_protection_comes_first(address: str, before: Json, after: Json) -> None:
    weaker = found(change(address, "update", before=before, after=after))
    assert len(weaker.dangers) == 1
    assert weaker.losses() == ()
    stronger = found(change(address, "update", before=after, after=before))
    assert stronger.dangers == ()


def test_a_number_in_a_text_of_json_protects_nothing() -> None:
    """Only the resource's own arguments do: a state machine's input may have days as well."""
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
def test_a_protection_that_goes_comes_first(part: str) -> None:
    findings = found(change(f"aws_s3_bucket_{part}.a", "delete", before={"bucket": "a"}))
    assert len(findings.dangers) == 1


def test_what_terraform_forgets_comes_first() -> None:
    """It goes on to exist, and is in no state."""
    findings = found(change("aws_s3_bucket.a", "forget", before={"bucket": "a"}))
    assert len(findings.dangers) == 1
    assert findings.losses() == ()


def test_the_types_whose_addresses_are_frozen_are_among_them() -> None:
    assert LOST.keys() >= STATEFUL


def test_what_somebody_else_changed_is_reported_if_the_plan_takes_it_back() -> None:
    """All else that a plan calls drift is what a provider reads back in another way."""
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
