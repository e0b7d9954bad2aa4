"""The review of real plans: for the first deployment, and for changes to the deployed stacks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from deployment.deployment import Deployment
from deployment.review.planning import PlanReview, emptied, exit_status, plan_stacks
from deployment.template import template_path
from local.deployed_system import DeployedSystem
from tests.first_day import first_reviews
from tests.integration.first_review import first_review
from tests.integration.plan_changes import reported

STACK = "EventProcessingStack"


class Proposal:
    """The deployed stacks in a separate folder, where they can be changed and planned."""

    def __init__(self, system: DeployedSystem, folder: Path) -> None:
        deployed = system.deployment()
        shutil.copytree(deployed.output_folder, folder / "cdktf.out", symlinks=True)
        self._deployment = Deployment(folder, deployed.environment)
        self._plans = folder / "plans"
        self.written = template_path(self._deployment.stack_folder(STACK))
        self.stack: dict[str, Any] = json.loads(self.written.read_text())

    def one(self, kind: str, name: str) -> tuple[str, dict[str, Any]]:
        """Return the only resource or data source of a type whose name has this prefix."""
        named = {**self.stack["resource"], **self.stack["data"]}[kind]
        (found,) = (each for each in named if each.startswith(name))
        return found, named[found]

    def plan(self) -> PlanReview:
        """Plan the stack with its present changes."""
        self.written.write_text(json.dumps(self.stack))
        return plan_stacks(
            self._deployment,
            environment="demo",
            stacks=[STACK],
            folder=emptied(self._plans),
        )

    def reported(self) -> set[str]:
        """Return the addresses of the reported changes in the last plan."""
        return reported(json.loads((self._plans / f"{STACK}.json").read_text()))


@pytest.fixture
def proposal(system: DeployedSystem, tmp_path: Path) -> Proposal:
    """Return a change to the deployed stacks."""
    return Proposal(system, tmp_path)


def test_the_first_review_is_that_of_the_documented_first_day(system: DeployedSystem) -> None:
    assert first_review(system, STACK) == first_reviews()[STACK]


def test_a_changed_permission_and_a_replaced_bucket_are_reported_and_the_loss_is_refused(
    proposal: Proposal,
) -> None:
    """One plan has three changes, because a plan takes ten seconds."""
    bucket, reports = proposal.one("aws_s3_bucket", "reports")
    reports["bucket_prefix"] = "vault-demo-others-"
    _, document = proposal.one("aws_iam_policy_document", "record_upload_role_permissions")
    recording = next(each for each in document["statement"] if each["sid"] == "RecordUpload")
    recording["actions"].append("dynamodb:DeleteItem")
    function, record = proposal.one("aws_lambda_function", "record_upload")
    record["memory_size"] = 512
    address = f"aws_s3_bucket.{bucket}"

    outcome = proposal.plan()

    assert outcome.status == 3
    assert exit_status(outcome.reviewed, [address]) == 0
    (findings,) = (each.findings for each in outcome.reviewed)
    assert findings is not None
    assert [loss.address for loss in findings.losses()] == [address]
    assert "! RecordUpload: Allow, changed\n+     dynamodb:DeleteItem\n" in outcome.text
    assert "- memory_size = 256\n+ memory_size = 512\n" in outcome.text
    others = {each for each in proposal.reported() if "record" in each}
    policy, _ = proposal.one("aws_iam_role_policy", "record_upload")
    assert others == {f"aws_lambda_function.{function}", f"aws_iam_role_policy.{policy}"}
    # The bucket's parts and readers depend on it, and are reported with it.
    assert f"${{{address}.arn}}" in outcome.text
