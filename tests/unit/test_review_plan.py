"""Reading a plan's JSON: actions, differences and hidden values."""

from __future__ import annotations

from typing import Any

import pytest

from deployment.review.plan import Action, PlanError, read_plan
from tests.unit.plans import Json, change, constant, referring, shown


def differences(one: Json, **rest: Any) -> dict[str, tuple[str, str]]:
    (read,) = read_plan(shown(one, **rest)).changes
    return {".".join(path): (str(old), str(new)) for path, (old, new) in read.differences().items()}


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["no-op"], Action.NOTHING),
        (["create"], Action.CREATE),
        (["update"], Action.UPDATE),
        (["delete"], Action.DESTROY),
        (["delete", "create"], Action.REPLACE),
        (["create", "delete"], Action.REPLACE),
        (["forget"], Action.FORGET),
        (["create", "forget"], Action.FORGET),
    ],
)
def test_actions_are_read(actions: list[str], action: Action) -> None:
    (read,) = read_plan(shown(change("aws_sqs_queue.a", *actions))).changes
    assert read.action is action


def test_an_unknown_action_is_an_error() -> None:
    with pytest.raises(PlanError, match="unknown actions"):
        read_plan(shown(change("aws_sqs_queue.a", "teleport")))


@pytest.mark.parametrize("given", [[], {}, {"values": {}}, None])
def test_json_that_is_no_plan_is_an_error(given: object) -> None:
    with pytest.raises(PlanError, match="terraform show -json"):
        read_plan(given)


def test_an_unsupported_format_version_is_an_error() -> None:
    with pytest.raises(PlanError, match=r"version 2\.0"):
        read_plan(shown() | {"format_version": "2.0"})


def test_json_in_a_text_is_compared_by_value() -> None:
    """A state machine's definition has thousands of characters; a change may be one number."""
    one = change(
        "aws_sfn_state_machine.a",
        "update",
        before={"definition": '{"States": {"Wait": {"Seconds": 30}}}'},
        after={"definition": '{"States":{"Wait":{"Seconds":60}}}'},
    )
    assert differences(one) == {"definition.States.Wait.Seconds": ("30", "60")}


def test_a_computed_value_is_no_difference_unless_it_is_configured() -> None:
    one = change(
        "aws_lambda_function.a",
        "update",
        before={"last_modified": "then", "role": "a", "memory_size": 128},
        after={"memory_size": 256},
        unknown={"last_modified": True, "role": True},
    )
    written = {"aws_lambda_function.a": {"role": referring("${aws_iam_role.a.arn}")}}
    assert differences(one, written=written) == {
        "memory_size": ("128", "256"),
        "role": ("a", "(known after apply)"),
    }


def test_a_partly_known_block_is_compared_argument_by_argument() -> None:
    one = change(
        "aws_s3_bucket_versioning.a",
        "update",
        before={"versioning_configuration": [{"status": "Enabled", "mfa_delete": ""}]},
        after={"versioning_configuration": [{"status": "Suspended"}]},
        unknown={"versioning_configuration": [{"mfa_delete": True}]},
    )
    written = {
        "aws_s3_bucket_versioning.a": {
            "versioning_configuration": [{"status": constant("Suspended")}]
        }
    }
    assert differences(one, written=written) == {
        "versioning_configuration.0.status": ("Enabled", "Suspended")
    }


def test_a_list_that_becomes_unknown_is_one_difference() -> None:
    one = change(
        "aws_sqs_queue.a",
        "update",
        before={"redrive_policy": '{"deadLetterTargetArn": "arn:a", "maxReceiveCount": 5}'},
        after={},
        unknown={"redrive_policy": True},
    )
    written = {"aws_sqs_queue.a": {"redrive_policy": referring("${aws_sqs_queue.b.arn}")}}
    assert differences(one, written=written) == {"redrive_policy": ("None", "(known after apply)")}


def test_spellings_of_an_unset_value_are_equal() -> None:
    one = change(
        "aws_sqs_queue.a",
        "update",
        before={"tags": None, "policy": "", "fifo": None, "rules": []},
        after={"tags": {}, "policy": None, "fifo": False, "rules": None},
    )
    assert differences(one) == {}


@pytest.mark.parametrize("side", ["secret", "secret_before"])
def test_a_sensitive_value_that_changes_is_reported_but_not_shown(side: str) -> None:
    one = change(
        "aws_ssm_parameter.a",
        "update",
        before={"value": "hunter1", "other": {"deep": ["hunter1"]}},
        after={"value": "hunter2", "other": {"deep": ["hunter2"]}},
        secret={"value": True, "other": {"deep": [True]}},
        secret_before={"value": True, "other": {"deep": True}} if side == "secret_before" else {},
    )
    (read,) = read_plan(shown(one)).changes
    assert ("value",) in read.differences()
    assert "hunter2" not in repr(read)
    assert side == "secret" or "hunter" not in repr(read)


def test_a_sensitive_value_that_stays_is_no_difference() -> None:
    one = change(
        "aws_ssm_parameter.a",
        "update",
        before={"value": "hunter2"},
        after={"value": "hunter2"},
        secret={"value": True},
        secret_before={"value": True},
    )
    assert differences(one) == {}


def test_a_plan_that_stopped_at_an_error_is_not_complete() -> None:
    assert not read_plan(shown(errored=True)).is_complete
    assert not read_plan(shown(complete=False)).is_complete
    assert read_plan(shown()).is_complete
