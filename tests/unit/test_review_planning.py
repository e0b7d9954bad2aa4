"""From stacks to files and an exit status, on a Terraform that is none."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deployment.deployment import Deployment
from deployment.errors import CommandError
from review.__main__ import addresses
from review.planning import plan_stacks
from tests.unit.plans import bucket_replaced, shown


class FakeDeployment(Deployment):
    """Answers as Terraform does, for each stack with a plan or with an error."""

    plans: dict[str, Any]
    ran: list[list[str]]

    def terraform(self, stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run nothing."""
        self.ran.append([stack, *arguments])
        plan = self.plans[stack]
        if isinstance(plan, str) and arguments[0] == "plan":
            return subprocess.CompletedProcess([], 1, "", plan)
        shows = arguments[0] == "show"
        return subprocess.CompletedProcess([], 0, json.dumps(plan) if shows else "", "")


def synthesised(folder: Path, **plans: Any) -> FakeDeployment:
    fake = FakeDeployment(folder, {})
    object.__setattr__(fake, "plans", plans)
    object.__setattr__(fake, "ran", [])
    fake.output_folder.mkdir()
    (fake.output_folder / "manifest.json").write_text(json.dumps({"stacks": plans}))
    return fake


def test_each_stack_gets_its_files_and_all_of_them_a_summary(tmp_path: Path) -> None:
    fake = synthesised(tmp_path, A=shown(), B=shown())
    outcome = plan_stacks(fake, environment="dev", folder=tmp_path / "plans")
    assert outcome.status == 0
    assert {path.name for path in (tmp_path / "plans").iterdir()} == {
        "A.json", "A.md", "B.json", "B.md", "summary.md",
    }  # fmt: skip
    assert (tmp_path / "plans" / "summary.md").read_text() == outcome.text


def test_nothing_is_ever_applied_or_locked(tmp_path: Path) -> None:
    fake = synthesised(tmp_path, A=shown())
    plan_stacks(fake, environment="dev", folder=tmp_path / "plans")
    assert [arguments[1] for arguments in fake.ran] == ["init", "plan", "show"]
    assert "-lock=false" in fake.ran[1]


def test_a_loss_ends_with_2_and_an_allowed_one_with_0(tmp_path: Path) -> None:
    fake = synthesised(tmp_path, A=shown(bucket_replaced()))
    folder = tmp_path / "plans"
    assert plan_stacks(fake, environment="dev", folder=folder).status == 2
    assert (folder / "A.json").exists()
    allowed = ["aws_s3_bucket.reports"]
    assert plan_stacks(fake, environment="dev", folder=folder, allowed=allowed).status == 0


def test_a_stack_that_cannot_be_planned_keeps_no_other_from_it(tmp_path: Path) -> None:
    error = "Error: No valid credential sources found\n\nmore"
    fake = synthesised(tmp_path, A=error, B=shown())
    outcome = plan_stacks(fake, environment="dev", folder=tmp_path / "plans")
    assert outcome.status == 1
    assert "aws sso login" in outcome.reviewed[0].error
    assert outcome.reviewed[1].findings is not None


def test_a_loss_outweighs_a_stack_that_cannot_be_planned(tmp_path: Path) -> None:
    fake = synthesised(tmp_path, A="Error: x", B=shown(bucket_replaced()))
    assert plan_stacks(fake, environment="dev", folder=tmp_path / "plans").status == 2


def test_plans_of_an_earlier_time_do_not_stay(tmp_path: Path) -> None:
    folder = tmp_path / "plans"
    folder.mkdir()
    (folder / "A.tfplan").write_text("old")
    plan_stacks(synthesised(tmp_path, A="Error: x"), environment="dev", folder=folder)
    assert not (folder / "A.tfplan").exists()


def test_a_plan_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It holds sensitive values as they are."""
    plan_stacks(synthesised(tmp_path, A=shown()), environment="dev", folder=tmp_path / "plans")
    assert (tmp_path / "plans").stat().st_mode & 0o077 == 0


def test_one_stack_can_be_chosen_and_a_wrong_name_is_told(tmp_path: Path) -> None:
    fake = synthesised(tmp_path, A=shown(), B=shown())
    plan_stacks(fake, environment="dev", folder=tmp_path / "plans", stacks=["B"])
    assert {arguments[0] for arguments in fake.ran} == {"B"}
    with pytest.raises(CommandError, match="no stack C: there are A, B"):
        plan_stacks(fake, environment="dev", folder=tmp_path / "plans", stacks=["C"])


def test_a_form_of_plan_that_is_not_known_is_an_error_of_its_stack(tmp_path: Path) -> None:
    fake = synthesised(tmp_path, A=shown() | {"format_version": "9.0"})
    assert plan_stacks(fake, environment="dev", folder=tmp_path / "plans").status == 1


def test_addresses_are_split_at_blanks_but_not_inside_of_keys() -> None:
    given = ["aws_s3_bucket.a  aws_sqs_queue.b", 'aws_s3_bucket.c["d e"]']
    assert addresses(given) == ["aws_s3_bucket.a", "aws_sqs_queue.b", 'aws_s3_bucket.c["d e"]']
