"""The policies of a deployer are complete, small enough, and narrowed to the environment's names."""

from __future__ import annotations

import json
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from operations.deploy_policy import (
    MOST_CHARACTERS,
    WITHOUT_RESOURCE,
    Place,
    deploy_policies,
    listed_actions,
)
from tests.unit.sgvault import sgvault
from tests.unit.test_recorded_requests import SENT, sent
from tools.recorded_requests.iam_actions import actions_of, unlisted
from tools.recorded_requests.recorded import Recorded
from tools.recorded_requests.violations import read

PLACE = Place(
    name_prefix="vault-dev",
    environment="dev",
    state_bucket="vault-dev-terraform-state-123456789012",
    region="eu-west-1",
    account_id="123456789012",
)


def statements(place: Place = PLACE) -> list[dict[str, Any]]:
    return [
        each for policy in deploy_policies(place, listed_actions()) for each in policy["Statement"]
    ]


def decision(place: Place, action: str, resource: str) -> str | None:
    """Return the effect of the statements on one S3 resource: a Deny is stronger than an Allow."""
    effects = {
        each["Effect"]
        for each in statements(place)
        if action in each["Action"]
        and any(fnmatchcase(f"arn:aws:s3:::{resource}", one) for one in each["Resource"])
    }
    return "Deny" if "Deny" in effects else next(iter(effects), None)


def test_the_policies_allow_what_is_listed_and_each_fits_a_managed_policy() -> None:
    allowed = [
        action for each in statements() if each["Effect"] == "Allow" for action in each["Action"]
    ]
    assert sorted(set(allowed)) == listed_actions()
    assert [each for each in allowed if allowed.count(each) > 1] == ["iam:GetRole"] * 2
    for policy in deploy_policies(PLACE, listed_actions()):
        assert len("".join(json.dumps(policy).split())) <= MOST_CHARACTERS
    assert len({each["Sid"] for each in statements()}) == len(statements())


def test_only_what_aws_cannot_narrow_is_allowed_on_everything() -> None:
    wide = [each for each in statements() if each["Resource"] == ["*"]]
    actions = {action for each in wide for action in each["Action"]}
    mapping = "lambda:CreateEventSourceMapping"
    assert {each for each in actions if not each.startswith("ec2:")} == {*WITHOUT_RESOURCE, mapping}
    assert not any(action.endswith(":*") for action in actions)
    for each in wide:
        if each["Sid"] == "OwnEc2":
            assert each["Condition"] == {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
        if mapping in each["Action"]:
            own = "arn:aws:lambda:eu-west-1:123456789012:function:vault-dev-*"
            assert each["Condition"] == {"ArnLike": {"lambda:FunctionArn": [own]}}


def test_a_role_is_passed_to_the_services_that_the_stacks_use_and_to_no_other() -> None:
    (passed,) = (each for each in statements() if "iam:PassRole" in each["Action"])
    assert passed["Resource"] == ["arn:aws:iam::123456789012:role/vault-dev-*"]
    assert "lambda.amazonaws.com" in passed["Condition"]["StringEquals"]["iam:PassedToService"]


@pytest.mark.parametrize("bucket", [PLACE.state_bucket, "states-of-all-environments"])
def test_a_deployer_can_neither_delete_a_state_nor_change_its_bucket(bucket: str) -> None:
    """Locks are released, and every other bucket of the environment can be destroyed."""
    place = replace(PLACE, state_bucket=bucket)
    state = f"{bucket}/dev/EventProcessingStack.tfstate"
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion"):
        assert decision(place, action, state) == "Deny"
        assert decision(place, action, f"{state}.tflock") != "Deny"
        assert decision(place, action, "vault-dev-uploads/a.tfstate") == "Allow"
    for action in ("s3:DeleteBucket", "s3:PutLifecycleConfiguration", "s3:PutBucketVersioning"):
        assert decision(place, action, bucket) == "Deny"
        assert decision(place, action, "vault-dev-uploads") == "Allow"
    for action in ("s3:ListBucket", "s3:GetBucketVersioning"):
        assert decision(place, action, bucket) == "Allow"
    assert decision(place, "s3:PutObject", state) != "Deny"


TAGGED = {"Name": "q", "Tags": [{"Key": "a", "Value": "b"}]}
ROLE = "arn:aws:iam::123456789012:role/vault-dev-x"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "actions"),
    [
        ("s3", "HeadBucket", {"Bucket": "b"}, {"s3:ListBucket"}),
        ("s3", "PutBucketTagging", SENT[11][2], {"s3:PutBucketTagging"}),
        ("sts", "GetCallerIdentity", {}, set()),
        ("events", "CreateEventBus", TAGGED, {"events:CreateEventBus", "events:TagResource"}),
        ("iam", "CreateRole", SENT[3][2], {"iam:CreateRole", "iam:TagRole"}),
        (
            "events",
            "PutTargets",
            {"Rule": "r", "Targets": [{"Id": "i", "Arn": "a", "RoleArn": ROLE}]},
            {"events:PutTargets", "iam:PassRole"},
        ),
        ("iam", "GetRolePolicy", {"RoleName": "r", "PolicyName": "p"}, {"iam:GetRolePolicy"}),
    ],
)
def test_an_operation_needs_the_actions_that_aws_documents(
    service: str, operation: str, parameters: dict[str, Any], actions: set[str]
) -> None:
    request = read(Recorded.from_line(sent(service, operation, parameters)))
    assert actions_of(request) == actions


def test_an_operation_of_terraform_that_is_not_listed_is_found(tmp_path: Path) -> None:
    """Only Terraform's operations count, because a function has its own role."""
    line = sent("iam", "CreateRole", SENT[3][2])
    ours = line | {"headers": line["headers"] | {"user-agent": "APN/1.0 HashiCorp/1.0 Terraform"}}
    recording = tmp_path / "requests.jsonl"
    for each, found in ((line, []), (ours, ["iam:CreateRole: iam:TagRole"])):
        recording.write_text(f"{json.dumps(each)}\n")
        assert list(unlisted(recording, {"iam:CreateRole": ["iam:CreateRole"]})) == found


def test_the_command_writes_files_with_the_commands_that_use_them(tmp_path: Path) -> None:
    ran = sgvault(
        "deploy-policy", "--env", "dev", "--region", "eu-west-1", "--folder", str(tmp_path)
    )
    assert ran.status == 0, ran.err
    written = sorted(tmp_path.iterdir())
    assert written[0].name == "vault-dev-deploy-1.json"
    assert all(f"--policy-document file://{each}" in ran.out for each in written)
    printed = sgvault("deploy-policy", "--env", "dev", "--region", "eu-west-1").json
    assert printed == [json.loads(each.read_text()) for each in written]
