"""The operator's commands: what they ask and print, and that no failure is a traceback."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

import operations.__main__
from deployment.errors import CommandError
from operations.__main__ import agree, choose_region, main
from stacks.settings import checked
from tests import shipped


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No account, no region and no file of this machine, nor of its deployer."""
    monkeypatch.setattr(operations.__main__, "ROOT", shipped.write(tmp_path))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, environment: str = "dev") -> int:
    monkeypatch.setattr(sys, "argv", ["operations", *arguments])
    monkeypatch.setenv("VAULT_ENV", environment)
    return main()


def test_the_policy_is_printed_for_the_environment_without_an_account(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As JSON and nothing else, so that it can go into a file."""
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    assert run(monkeypatch, "state-policy", environment="prod") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["Statement"][0]["Resource"] == ["arn:aws-cn:s3:::vault-prod-terraform-state"]


def test_without_a_region_the_remedy_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything else is done: S3 would take one of its own, and Terraform none."""
    assert run(monkeypatch, "bootstrap", "--yes") == 1
    assert capsys.readouterr().err == (
        "No region is known: set stacksRegion, or the variable AWS_REGION.\n"
    )


def test_settings_that_cannot_be_used_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "state-policy", environment="prd") == 1
    assert "VAULT_ENV is 'prd'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("setting", "variable", "region"),
    [("eu-west-1", "us-east-1", "eu-west-1"), (None, "us-east-1", "us-east-1"), (None, None, None)],
)
def test_the_region_is_the_settings_or_the_one_that_terraform_takes(
    monkeypatch: pytest.MonkeyPatch, setting: str | None, variable: str | None, region: str | None
) -> None:
    """Terraform reads AWS_REGION, and boto3 AWS_DEFAULT_REGION only."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    if variable:
        monkeypatch.setenv("AWS_REGION", variable)
    choose_region(checked({**shipped.DEFAULTS, "stacksRegion": setting}))
    assert os.environ["AWS_DEFAULT_REGION"] == (region or "")


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "agreed"), [("yes\n", True), ("y\n", False), ("", False)])
def test_only_yes_is_a_yes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    agreed: bool,
) -> None:
    """After the plan was shown; the end of the input is none."""
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert agree("the plan") is agreed
    assert "the plan" in capsys.readouterr().out


def test_where_nobody_can_be_asked_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    with pytest.raises(CommandError, match="--yes"):
        agree("the plan")
