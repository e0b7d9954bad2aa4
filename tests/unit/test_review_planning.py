"""From stacks to files and an exit status, with a fake Terraform."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from deployment import terraform
from deployment.deployment import Deployment
from deployment.errors import CommandError
from deployment.review import __main__ as command
from deployment.review.__main__ import addresses
from deployment.review.planning import emptied, plan_stacks
from tests.unit.fake_deployment import synthesised
from tests.unit.plans import bucket_replaced, shown


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder for the plans."""
    return emptied(tmp_path / "plans")


def test_each_stack_gets_its_files_and_all_of_them_a_summary(tmp_path: Path, folder: Path) -> None:
    fake = synthesised(tmp_path, A=shown(), B=shown())
    outcome = plan_stacks(fake, environment="dev", folder=folder)
    assert outcome.status == 0
    assert {path.name for path in folder.iterdir()} == {
        "A.json", "A.md", "B.json", "B.md", "summary.md",
    }  # fmt: skip
    assert (folder / "summary.md").read_text() == outcome.text


def test_nothing_is_ever_applied_or_locked(tmp_path: Path, folder: Path) -> None:
    fake = synthesised(tmp_path, A=shown())
    plan_stacks(fake, environment="dev", folder=folder)
    assert [arguments[1] for arguments in fake.ran] == ["init", "plan", "show"]
    assert "-lock=false" in fake.ran[1]


def test_a_loss_ends_with_3_and_an_allowed_one_with_0(tmp_path: Path, folder: Path) -> None:
    fake = synthesised(tmp_path, A=shown(bucket_replaced()))
    assert plan_stacks(fake, environment="dev", folder=folder).status == 3
    assert (folder / "A.json").exists()
    allowed = ["aws_s3_bucket.reports"]
    assert plan_stacks(fake, environment="dev", folder=folder, allowed=allowed).status == 0


def test_a_stack_that_cannot_be_planned_does_not_stop_the_others(
    tmp_path: Path, folder: Path
) -> None:
    error = "Error: No valid credential sources found\n\nmore"
    fake = synthesised(tmp_path, A=error, B=shown())
    outcome = plan_stacks(fake, environment="dev", folder=folder)
    assert outcome.status == 1
    assert "aws sso login" in outcome.reviewed[0].error
    assert outcome.reviewed[1].findings is not None


def test_a_loss_outweighs_a_stack_that_cannot_be_planned(tmp_path: Path, folder: Path) -> None:
    fake = synthesised(tmp_path, A="Error: x", B=shown(bucket_replaced()))
    assert plan_stacks(fake, environment="dev", folder=folder).status == 3


def test_plans_of_earlier_runs_are_removed(folder: Path) -> None:
    for name in ("A.tfplan", "A.json", "A.md", "summary.md"):
        (folder / name).write_text("old")
    emptied(folder)
    assert list(folder.iterdir()) == []


def test_only_the_owner_can_read_a_plan(folder: Path) -> None:
    """A plan contains sensitive values in plain text."""
    assert folder.stat().st_mode & 0o077 == 0


def test_one_stack_can_be_chosen_and_a_wrong_name_is_reported(tmp_path: Path, folder: Path) -> None:
    fake = synthesised(tmp_path, A=shown(), B=shown())
    plan_stacks(fake, environment="dev", folder=folder, stacks=["B"])
    assert {arguments[0] for arguments in fake.ran} == {"B"}
    with pytest.raises(CommandError, match="no stack C: there are A, B"):
        plan_stacks(fake, environment="dev", folder=folder, stacks=["C"])


def test_an_unsupported_plan_format_is_an_error_of_its_stack(tmp_path: Path, folder: Path) -> None:
    fake = synthesised(tmp_path, A=shown() | {"format_version": "9.0"})
    assert plan_stacks(fake, environment="dev", folder=folder).status == 1


def test_addresses_are_split_at_blanks_but_not_inside_of_keys() -> None:
    given = ["aws_s3_bucket.a  aws_sqs_queue.b", 'aws_s3_bucket.c["d e"]']
    assert addresses(given) == ["aws_s3_bucket.a", "aws_sqs_queue.b", 'aws_s3_bucket.c["d e"]']


class Cdktf(Deployment):
    """A deployment whose synthesis fails."""

    def synthesise(self) -> None:
        """Fail."""
        raise CommandError("cdktf synth failed")


def run(monkeypatch: pytest.MonkeyPatch, plans: Path, environment: str) -> int:
    monkeypatch.setattr(command, "PLANS", plans)
    monkeypatch.setattr(command, "Deployment", Cdktf)
    monkeypatch.setattr(terraform, "prepare", dict)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(sys, "argv", ["review"])
    monkeypatch.setenv("VAULT_ENV", environment)
    return command.main()


@pytest.mark.parametrize(("environment", "meant"), [("prod", "prod"), ("dev", "dev"), ("", "dev")])
def test_files_of_an_earlier_review_are_removed_even_if_this_one_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: str, meant: str
) -> None:
    """Only the files of the environment in VAULT_ENV are removed."""
    summaries = [emptied(tmp_path / name) / "summary.md" for name in ("dev", "prod")]
    for summary in summaries:
        summary.write_text("old")
    assert run(monkeypatch, tmp_path, environment) == 1
    assert [each.parent.name for each in summaries if not each.exists()] == [meant]


@pytest.mark.parametrize("environment", ["prd", "..", "../.."])
def test_an_unknown_environment_is_reported_and_no_folder_emptied(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    environment: str,
) -> None:
    kept = tmp_path / "summary.md"
    kept.write_text("another's")
    assert run(monkeypatch, tmp_path / "a" / "b", environment) == 1
    assert (
        f"VAULT_ENV (for make: ENV) is {environment!r}: set it to one of chaos, demo"
        in capsys.readouterr().err
    )
    assert kept.exists()


def test_an_interruption_is_reported_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "review", interrupted)
    assert run(monkeypatch, tmp_path, "dev") == 130
    assert (
        capsys.readouterr().err == "Interrupted: the review is not complete. Nothing was applied.\n"
    )
