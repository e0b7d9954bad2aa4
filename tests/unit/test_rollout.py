"""Exactly the reviewed plan is applied, and a destroy with hidden losses is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployment.errors import CommandError
from deployment.rollout import ORDER, Rollout, chosen
from deployment.safeguards import Safeguards
from deployment.target import check_environment
from tests.unit.fake_deployment import FakeDeployment, synthesised
from tests.unit.plans import change, shown

NEW_BUCKET = change("aws_s3_bucket.one", "create", after={"bucket": "b"})
LOST_BUCKET = change("aws_s3_bucket.one", "delete", before={"bucket": "b"})


class Answers:
    """Return the given answers one by one, and record the questions."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> bool:
        self.asked.append(question)
        return self.answers.pop(0)


def rollout(
    folder: Path, answers: Callable[[str], bool], **plans: Any
) -> tuple[Rollout, FakeDeployment]:
    stacks = synthesised(folder, **plans)
    return Rollout(stacks=stacks, folder=folder, agree=answers, show=lambda text: None), stacks


def applied(stacks: FakeDeployment) -> list[list[str]]:
    return [each for each in stacks.ran if each[1] == "apply"]


def test_exactly_the_reviewed_plan_is_applied_stack_by_stack(tmp_path: Path) -> None:
    """The order is that of their dependencies, whatever the order of the arguments."""
    answers = Answers(True, True)
    one, stacks = rollout(
        tmp_path,
        answers,
        DataVaultingStack=shown(NEW_BUCKET),
        EventProcessingStack=shown(NEW_BUCKET),
    )
    assert one.deploy(["DataVaultingStack", "EventProcessingStack"]) == 0
    planned = [each for each in stacks.ran if each[1] == "plan"]
    assert [each[0] for each in planned] == ["EventProcessingStack", "DataVaultingStack"]
    assert [(each[0], each[-1]) for each in applied(stacks)] == [
        (each[0], each[-1].removeprefix("-out=")) for each in planned
    ]


def test_without_a_yes_nothing_is_applied_and_later_stacks_are_left_alone(tmp_path: Path) -> None:
    answers = Answers(False)
    one, stacks = rollout(
        tmp_path,
        answers,
        EventProcessingStack=shown(NEW_BUCKET),
        DataVaultingStack=shown(NEW_BUCKET),
    )
    assert one.deploy(["EventProcessingStack", "DataVaultingStack"]) == 1
    assert applied(stacks) == []
    assert {each[0] for each in stacks.ran} == {"EventProcessingStack"}


def test_a_loss_is_refused_without_a_question_unless_it_is_allowed(tmp_path: Path) -> None:
    answers = Answers(True)
    one, stacks = rollout(tmp_path, answers, EventProcessingStack=shown(LOST_BUCKET))
    assert one.deploy(["EventProcessingStack"]) == 3
    assert (answers.asked, applied(stacks)) == ([], [])
    assert one.deploy(["EventProcessingStack"], allowed=["aws_s3_bucket.one"]) == 0
    assert len(applied(stacks)) == 1


def test_a_failed_plan_ends_the_rollout_and_a_stack_without_changes_is_skipped(
    tmp_path: Path,
) -> None:
    one, stacks = rollout(
        tmp_path, Answers(), EventProcessingStack=shown(), DataVaultingStack="Error: no such thing"
    )
    assert one.deploy(["EventProcessingStack", "DataVaultingStack"]) == 1
    assert applied(stacks) == []


def test_a_stack_that_the_command_does_not_deploy_is_reported() -> None:
    with pytest.raises(CommandError, match="no stack StateBackendStack for this command"):
        chosen(["StateBackendStack"])
    assert chosen([]) == list(ORDER)


class FakeAws:
    """Storage Gateway and S3 with files, gateways and objects that a destroy would lose."""

    def __init__(self, *, dirty: float = 0, gateway: str = "", versions: int = 0) -> None:
        self.dirty, self.gateway, self.versions = dirty, gateway, versions

    def client(self, service: str) -> Any:
        assert service in ("s3", "storagegateway")
        return self

    def describe_cache(self, **request: str) -> dict[str, Any]:
        return {**request, "CacheDirtyPercentage": self.dirty}

    def get_paginator(self, name: str) -> Any:
        assert name == "list_gateways"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"Gateways": [{"GatewayARN": "arn:g", "GatewayName": self.gateway}]}]

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        return {"Versions": [{"Key": request["Bucket"]}] * self.versions}


SHARE = change("aws_storagegateway_nfs_file_share.share", "delete", before={"gateway_arn": "arn:g"})
MACHINE = change("aws_instance.gateway", "delete", before={})
FULL = change("aws_s3_bucket.one", "delete", before={"bucket": "b", "force_destroy": False})
EMPTIED = change("aws_s3_bucket.one", "delete", before={"bucket": "b", "force_destroy": True})


@pytest.mark.parametrize(
    ("stack", "lost", "aws", "problem"),
    [
        ("FileShareStack", SHARE, FakeAws(dirty=3.5), "has not uploaded 3.5 %"),
        ("DataVaultingStack", MACHINE, FakeAws(gateway="vault-dev"), "deactivate-gateway.sh"),
        ("DataVaultingStack", MACHINE, FakeAws(gateway="vault-dev"), "delete-gateway .*arn:g;"),
        ("EventProcessingStack", FULL, FakeAws(versions=1), "deleteDataWithStacks true"),
        ("FileShareStack", SHARE, FakeAws(), None),
        ("DataVaultingStack", MACHINE, FakeAws(gateway="vault-prod"), None),
        ("EventProcessingStack", FULL, FakeAws(), None),
        ("EventProcessingStack", EMPTIED, FakeAws(versions=1), None),
    ],
)
def test_a_destroy_with_losses_that_no_plan_shows_is_refused(
    tmp_path: Path, stack: str, lost: Any, aws: FakeAws, problem: str | None
) -> None:
    """Files in the cache, a gateway without its instance, a bucket at which Terraform would fail midway."""
    answers = Answers(True)
    one, stacks = rollout(tmp_path, answers, **{stack: shown(lost)})
    safeguards = Safeguards(environment="dev", client=aws.client)
    if problem:
        with pytest.raises(CommandError, match=problem):
            one.destroy([stack], safeguards=safeguards)
        assert (answers.asked, applied(stacks)) == ([], [])
    else:
        assert one.destroy([stack], safeguards=safeguards) == 0
        (planned,) = (each for each in stacks.ran if each[1] == "plan")
        assert "-destroy" in planned
        assert len(applied(stacks)) == 1


def test_the_review_of_a_destroy_names_the_losses_and_no_option_of_deploy(tmp_path: Path) -> None:
    printed: list[str] = []
    one, _ = rollout(tmp_path, Answers(True), EventProcessingStack=shown(EMPTIED))
    safeguards = Safeguards(environment="dev", client=FakeAws().client)
    shows = replace(one, show=printed.append)
    assert shows.destroy(["EventProcessingStack"], safeguards=safeguards) == 0
    text = "\n".join(printed)
    assert "**Data will be lost.**\n> - `aws_s3_bucket.one`" in text
    assert "ALLOW" not in text


def test_stacks_are_destroyed_in_the_reverse_order(tmp_path: Path) -> None:
    plans = {stack: shown(MACHINE) for stack in ORDER}
    one, stacks = rollout(tmp_path, Answers(True, True, True), **plans)
    safeguards = Safeguards(environment="dev", client=FakeAws().client)
    assert one.destroy(safeguards=safeguards) == 0
    assert [each[0] for each in applied(stacks)] == list(reversed(ORDER))


def test_stacks_synthesised_for_another_environment_are_refused() -> None:
    def written(key: str, tag: str) -> dict[str, Any]:
        return {
            "terraform": {"backend": {"s3": {"key": f"{key}/EventProcessingStack.tfstate"}}},
            "provider": {"aws": [{"default_tags": [{"tags": {"Environment": tag}}]}]},
        }

    check_environment(written("dev", "dev"), "dev")
    for key, tag in (("prod", "dev"), ("dev", "prod")):
        with pytest.raises(CommandError, match="synthesised for prod, not for dev"):
            check_environment(written(key, tag), "dev")
