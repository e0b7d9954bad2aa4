"""``sgvault``: finding the vault, printing, and errors without tracebacks."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as property_of
from hypothesis import strategies
from typer.main import get_command

import operations.aws_environment
import operations.checkout
from local.held_back import HeldBack
from operations.aws_environment import Choice
from operations.command import agree, program
from operations.errors import NotAVaultError, OperatorError
from operations.main import app
from operations.output import Output
from operations.safe_text import given, message, shown
from operations.vault import Vault
from tests import shipped
from tests.unit.operator_account import PARAMETER
from tests.unit.sgvault import sgvault

ROOT = Path(__file__).parents[2]
REFUSE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import importlib, pkgutil, operations
for each in pkgutil.iter_modules(operations.__path__):
    if each.name not in {checkout!r}:
        importlib.import_module("operations." + each.name)
from typer.testing import CliRunner
from operations.main import app
result = CliRunner().invoke(app, ["state-policy"])
print(result.exit_code, result.stderr)
"""


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove the account, region and files of this machine and its user."""
    for module in (operations.aws_environment, operations.checkout):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    shipped.write(tmp_path)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in [name for name in os.environ if name.startswith(("AWS_", "VAULT_"))]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_every_command_has_an_example_and_its_exit_statuses_in_its_help() -> None:
    def leaves(command: Any, path: tuple[str, ...] = ()) -> Any:
        commands = getattr(command, "commands", None)
        if commands is None:
            return [path]
        return [leaf for name in commands for leaf in leaves(commands[name], (*path, name))]

    for path in leaves(get_command(app)):
        ran = sgvault(*path, "--help")
        assert ran.status == 0
        assert f"  sgvault {' '.join(path)}" in ran.out.split("Example:")[1]
        for expected in ("Exit status", "--json", "--env", "--profile", "--region", "--local"):
            assert expected in " ".join(ran.out.split()), path


def test_the_installed_command_needs_neither_the_checkout_nor_cdktf_nor_powertools() -> None:
    """The environment has only the wheel and its three dependencies."""
    refused = {"cdktf", "constructs", "stacks", "deployment", "local", "aws_lambda_powertools"}
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            REFUSE.format(refused=refused, checkout={"bootstrap", "state_bucket", "state_policy"}),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("1 This command needs a checkout of the project")


def test_the_policy_is_printed_for_the_environment_without_an_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The output is only JSON, so that it can be written to a file."""
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    printed = sgvault("state-policy", "--env", "prod").json
    assert printed["Statement"][0]["Resource"] == ["arn:aws-cn:s3:::vault-prod-terraform-state"]


@pytest.mark.parametrize("command", [["bootstrap", "--yes"], ["reconcile", "a"]])
def test_without_a_region_the_remedy_is_shown(command: list[str]) -> None:
    """Nothing else is done before: S3 would use a default region, and Terraform none."""
    ran = sgvault(*command)
    assert ran.status == 1
    assert ran.err == (
        "No region is configured: add --region, set the variable AWS_REGION, or add --local for the"
        " system that 'make local-up' runs.\n"
    )


def test_settings_that_cannot_be_used_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_ENV", "prd")
    ran = sgvault("state-policy")
    assert ran.status == 1
    assert "VAULT_ENV (for make: ENV) is 'prd'" in ran.err


@pytest.mark.parametrize(
    ("environment", "option", "variable", "region"),
    [
        ("dev", None, "us-east-1", "eu-west-1"),
        ("dev", "us-east-2", "us-east-1", "us-east-2"),
        ("demo", None, "us-east-1", "us-east-1"),
        ("nowhere", None, "us-east-1", "us-east-1"),
        ("demo", None, None, None),
    ],
)
def test_the_region_is_that_of_the_option_the_settings_or_the_caller(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    environment: str,
    option: str | None,
    variable: str | None,
    region: str | None,
) -> None:
    """boto3 reads AWS_DEFAULT_REGION only. In Terraform, the setting wins over every variable."""
    in_ireland(tmp_path)
    if variable:
        monkeypatch.setenv("AWS_REGION", variable)
    choice = Choice(environment=environment, region=option)
    assert choice.aws("s3 ls") == f"aws s3 ls{f' --region {region}' if region != variable else ''}"
    choice.apply()
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        assert os.environ.get(name) == region


def test_policies_are_for_the_region_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_ireland(tmp_path)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    printed = sgvault("deploy-policy", "--env", "dev").out
    assert "arn:aws:lambda:eu-west-1:*:function:vault-dev-*" in printed
    refused = sgvault("deploy-policy", "--env", "dev", "--region", "us-east-1")
    assert refused.status == 1
    assert "stacksRegion of dev is eu-west-1: leave --region out." in refused.err


def in_ireland(checkout: Path) -> None:
    """Add a region to the settings of ``dev``."""
    settings = {**shipped.ENVIRONMENTS["dev"], "stacksRegion": "eu-west-1"}
    (checkout / "environments/dev.json").write_text(json.dumps(settings))


class Terminal(io.StringIO):
    """Standard input with a user who types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "agreed"), [("yes\n", True), ("y\n", False), ("", False)])
def test_only_yes_counts_as_approval(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    agreed: bool,
) -> None:
    """The plan is shown before. The end of the input is no approval."""
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert agree("the plan") is agreed
    declined = "" if agreed else "Nothing was done.\n"
    assert capsys.readouterr().err == f"the plan\nContinue? Type 'yes' to approve: {declined}"


def test_the_program_is_the_path_by_which_it_was_called_unless_the_shell_finds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (there := tmp_path / "sgvault").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program(str(there)) == program("/usr/bin/pytest") == "sgvault"
    assert program(".venv/bin/sgvault") == ".venv/bin/sgvault"
    assert program("/my own/sgvault") == "'/my own/sgvault'"


def test_without_a_terminal_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    with pytest.raises(OperatorError, match="--yes"):
        agree("the plan")


def test_the_local_system_is_read_from_its_file_and_the_users_aws_settings_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_PROFILE", "production")
    system = tmp_path / ".local" / "system" / "system.json"
    system.parent.mkdir(parents=True)
    written = {
        "endpoint": "http://127.0.0.1:4567",
        "environment": "demo",
        "region": "us-east-1",
        "accessKeyId": "a",
        "secretAccessKey": "b",
        "folder": str(system.parent),
        "shareFolder": "/shares/vaultdata",
        "pid": 1,
    }
    system.write_text(json.dumps(written))
    choice = Choice(local=True)
    choice.apply()
    assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4567"
    assert "AWS_PROFILE" not in os.environ
    assert choice.environment_name == "demo"
    assert choice.held_back() == Choice().held_back() == []
    for share in ("vaultdata", "team-a"):
        HeldBack(system.parent, share).add(f"s-vaultjob/{share}")
    assert choice.held_back() == ["s-vaultjob/vaultdata"]
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/aws")
    assert choice.aws("s3api delete-object --key a") == (
        "AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b aws s3api delete-object --key a"
        " --endpoint-url http://127.0.0.1:4567 --region us-east-1"
    )
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda _: None)
    (own := tmp_path / "aws-cli" / "aws").parent.mkdir()
    own.touch()
    assert f" {own} s3api " in choice.aws("s3api delete-object --key a")
    system.write_text("{")
    with pytest.raises(OperatorError, match="start the system again"):
        choice.apply()


def test_without_a_local_system_the_remedy_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = sgvault("reconcile", "a", "--local")
    assert (ran.status, ran.err) == (
        1,
        "No local system is running: 'make local-up' starts one.\n",
    )


def test_a_parameter_of_another_version_is_named_with_the_remedy() -> None:
    """New fields are ignored, and missing required fields are reported."""
    values = {**PARAMETER, "addedLater": 1}
    assert Vault.from_json("/dev/vault", json.dumps(values)).expiry_days == 30
    del values["jobDirSuffixName"], values["uploadArchiveArn"]
    with pytest.raises(NotAVaultError, match="/dev/vault lacks jobDirSuffixName: deploy"):
        Vault.from_json("/dev/vault", json.dumps(values))


@pytest.mark.parametrize(
    ("key", "seen"),
    [
        ("plain name.txt", "plain name.txt"),
        ("naïve-日本-😀.txt", "naïve-日本-😀.txt"),
        (r"back\slash", r"back\slash"),
        ("\x1b[31mred", r'"\u001b[31mred"'),
        ("a\u202egnp.exe", r'"a\u202egnp.exe"'),
        ("two\nlines", r'"two\nlines"'),
        ("ends ", '"ends "'),
        ("no\xa0break", r'"no\u00a0break"'),
        ("\x9b31m", r'"\u009b31m"'),
        ('"quoted"', r'"\"quoted\""'),
        ("", '""'),
    ],
)
def test_a_hostile_name_is_escaped_and_can_be_used_as_an_argument(key: str, seen: str) -> None:
    assert shown(key) == seen
    assert given(seen) == key


@property_of(strategies.text())
def test_any_text_is_shown_without_control_characters_and_can_be_restored(text: str) -> None:
    seen = shown(text)
    assert given(seen) == text
    assert seen.isprintable()
    assert message(text).replace("\n", "").isprintable()


def test_in_a_pipe_a_line_stays_whole_and_has_no_colour(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = Output()
    output.line("[bold]" + "long " * 100, style="red")
    output.table(["key", "bytes "], [["k" * 300, "1"]])
    first, _, second = capsys.readouterr().out.splitlines()
    assert first == "[bold]" + "long " * 99 + "long "
    assert second.split() == ["k" * 300, "1"]


def test_every_command_and_every_field_of_its_json_is_documented() -> None:
    """Programs may read every documented field."""
    text = (ROOT / "docs" / "sgvault.md").read_text(encoding="utf-8")
    for name in get_command(app).commands:  # type: ignore[attr-defined]
        assert f"sgvault {name}" in text
    documented = set(re.findall(r"`(\w+)`", text))
    for module in ("status", "show", "explain", "backfill_plan", "replay", "dead_letter"):
        source = (ROOT / "operations" / f"{module}.py").read_text(encoding="utf-8")
        written = set(re.findall(r'^ {8,16}"([a-z]\w+)": ', source, re.MULTILINE))
        assert written - documented - TEXT_LABELS == set(), module


TEXT_LABELS = {
    "key",
    "manifest",
    "row",
    "set",
    "queue",
    "reason",
    "shape",
    "target",
    "sent",
    "body",
}
"""Fields of tables for people, not of JSON."""
