"""The source of the AWS provider, the choice of AWS or a local endpoint, and errors of Terraform."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from deployment.deployment import Deployment
from deployment.errors import CommandError
from deployment.explanation import explain
from deployment.template import template_path
from deployment.terraform import PROVIDER, config, environment, find_mirror
from local.aws_environment import Endpoint, pointed_at

ENDPOINT = Endpoint(url="http://127.0.0.1:4566", region="eu-west-1")


def mirror_at(folder: Path) -> Path:
    (folder / PROVIDER / "5.100.0").mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    "where",
    [
        "home/.terraform.d/plugins",
        "home/.local/share/terraform/plugins",
        "usr/local/share/terraform/plugins",
        "usr/share/terraform/plugins",
        "opt/anything",
        "usr/local/lib/anything",
    ],
)
def test_a_mirror_is_found_in_the_standard_places(tmp_path: Path, where: str) -> None:
    mirror = mirror_at(tmp_path / where)

    assert find_mirror({"HOME": str(tmp_path / "home")}, root=tmp_path) == mirror


def test_the_data_folders_of_the_user_have_priority(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "XDG_DATA_DIRS": f"relative:{tmp_path / 'data'}"}
    mirror = mirror_at(tmp_path / "data" / "terraform" / "plugins")

    assert find_mirror(environ, root=tmp_path) == mirror


def test_the_mirror_variable_has_priority(tmp_path: Path) -> None:
    mirror_at(tmp_path / "opt" / "other")
    mine = mirror_at(tmp_path / "mine")

    assert find_mirror({"VAULT_TF_MIRROR": str(mine)}, root=tmp_path) == mine


def test_a_mirror_variable_that_names_no_mirror_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"VAULT_TF_MIRROR is .* which is not a mirror"):
        find_mirror({"VAULT_TF_MIRROR": str(tmp_path)}, root=tmp_path)


def test_a_folder_without_the_provider_is_no_mirror(tmp_path: Path) -> None:
    (tmp_path / "opt" / "other" / "registry.terraform.io" / "hashicorp" / "random").mkdir(
        parents=True
    )

    assert find_mirror({"HOME": str(tmp_path)}, root=tmp_path) is None


def test_a_mirror_is_the_only_place_that_providers_come_from(tmp_path: Path) -> None:
    written = config(tmp_path / 'odd "name"')

    assert "filesystem_mirror" in written
    assert 'odd \\"name\\""' in written
    assert "direct" not in written


def test_without_a_mirror_providers_come_from_the_registry() -> None:
    assert "provider_installation" not in config(None)


def test_with_a_local_endpoint_none_of_the_users_aws_settings_remain(tmp_path: Path) -> None:
    mine = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "mine",
        "AWS_ENDPOINT_URL_S3": "https://example.com",
        "AWS_REGION": "us-east-1",
        "VAULT_ENV": "prod",
        "PATH": "/bin",
    }

    made = pointed_at(ENDPOINT, environment(mine, config_file=tmp_path / "rc"))

    assert not made.keys() & {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"}
    assert made["AWS_ENDPOINT_URL"] == ENDPOINT.url
    assert made["AWS_REGION"] == made["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert made["VAULT_ENV"] == "local"
    assert made["PATH"] == "/bin"
    assert made["TF_CLI_CONFIG_FILE"] == str(tmp_path / "rc")


def test_the_local_endpoint_bypasses_proxies(tmp_path: Path) -> None:
    base = {"HTTP_PROXY": "http://proxy", "no_proxy": "example.com"}

    made = pointed_at(ENDPOINT, environment(base, config_file=tmp_path / "rc"))

    assert made["NO_PROXY"] == made["no_proxy"] == "example.com,127.0.0.1"


def test_without_an_endpoint_the_users_aws_settings_are_unchanged(tmp_path: Path) -> None:
    mine = {"AWS_PROFILE": "production", "AWS_REGION": "us-east-1"}

    made = environment(mine, config_file=tmp_path / "rc", mirror=tmp_path)

    assert made.items() >= mine.items()
    assert "AWS_ENDPOINT_URL" not in made
    assert "CI" not in made  # so cdktf asks for approval
    assert made["TF_CLI_ARGS_providers_lock"] == f"-fs-mirror={tmp_path}"


class Answering(Deployment):
    """A deployment whose Terraform returns *answers*, by command, or nothing."""

    answers: Mapping[str, tuple[int, str, str]]

    def terraform(self, stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        status, stdout, stderr = self.answers.get(arguments[0], (0, "", ""))
        return subprocess.CompletedProcess(arguments, status, stdout, stderr)


def answering(folder: Path, **answers: tuple[int, str, str]) -> Answering:
    made = Answering(folder, {})
    object.__setattr__(made, "answers", answers)
    return made


def test_a_plan_is_what_terraform_shows_of_it(tmp_path: Path) -> None:
    deployment = answering(tmp_path, show=(0, '{"resource_changes": []}', ""))

    assert deployment.plan("Stack", "a.tfplan") == {"resource_changes": []}


@pytest.mark.parametrize("command", ["plan", "show"])
def test_a_plan_that_cannot_be_made_or_shown_is_an_error(tmp_path: Path, command: str) -> None:
    deployment = answering(tmp_path, **{command: (1, "half of it", "Error: broken")})

    with pytest.raises(CommandError, match=rf"^terraform {command} failed:\nError: broken$"):
        deployment.plan("Stack", "a.tfplan")


def test_a_status_that_is_expected_is_no_error(tmp_path: Path) -> None:
    deployment = answering(tmp_path, validate=(1, "reported", ""))

    assert deployment.checked("Stack", "validate", expected=(0, 1)) == "reported"


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("write: no space left on device", "The disk is full"),
        ("Error: Failed to query available provider packages", "VAULT_TF_MIRROR"),
        ("Error: Failed to install\n│ provider", "VAULT_TF_MIRROR"),
        (
            'Error: Failed to get existing workspaces: S3 bucket "x" does not exist.',
            "make bootstrap",
        ),
        ("Error: Unable to find remote state", "deploy that stack first"),
        ("Error: Instance cannot be destroyed", "docs/state.md"),
        ("Error: No valid credential sources found\n\nmore", "aws sso login"),
        ("Error: Error acquiring the state lock", "The state is locked"),
        ("Error: reading S3 Bucket: api error AccessDenied: not yours", "make deploy-policy"),
        (
            "Error: reading SSM Parameters (/dev/fileGateway): AccessDeniedException",
            "docs/plan-review.md",
        ),
    ],
)
def test_terraforms_own_error_is_followed_by_the_remedy(output: str, remedy: str) -> None:
    error, _, reported = explain("terraform plan", output).rpartition("\n\n")

    assert error.splitlines() == ["terraform plan failed:", *filter(None, output.splitlines())]
    assert remedy in reported


def test_output_before_the_error_selects_no_remedy() -> None:
    output = 'S3 bucket "x" does not exist yet\nError: never seen'

    assert explain("terraform apply", output) == "terraform apply failed:\nError: never seen"


def test_any_other_failure_is_shown_from_its_error_on() -> None:
    output = "Plan: 3 to add\n╷\n│ \x1b[31mError: \x1b[0mcreating S3 Bucket\n│ \n│ because\n╵\n"

    assert explain("cdktf deploy", output).splitlines() == [
        "cdktf deploy failed:",
        "│ Error: creating S3 Bucket",
        "│ because",
    ]


def test_the_state_bucket_is_the_one_that_the_stack_names(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path, {})
    deployment.stack_folder("Stack").mkdir(parents=True)
    stack = {"terraform": {"backend": {"s3": {"bucket": "the-state"}}}}
    template_path(deployment.stack_folder("Stack")).write_text(json.dumps(stack))

    assert deployment.state_bucket("Stack") == "the-state"
