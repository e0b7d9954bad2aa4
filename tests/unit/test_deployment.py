"""Where the provider comes from, which AWS is meant, and what is said when Terraform fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployment.deployment import Deployment, explain
from deployment.errors import CommandError
from deployment.terraform import PROVIDER, config, environment, find_mirror
from local.aws import Endpoint, pointed_at

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
def test_a_mirror_is_found_where_such_things_are_put(tmp_path: Path, where: str) -> None:
    mirror = mirror_at(tmp_path / where)

    assert find_mirror({"HOME": str(tmp_path / "home")}, root=tmp_path) == mirror


def test_data_folders_are_looked_for_where_the_user_has_them(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "XDG_DATA_DIRS": f"relative:{tmp_path / 'data'}"}
    mirror = mirror_at(tmp_path / "data" / "terraform" / "plugins")

    assert find_mirror(environ, root=tmp_path) == mirror


def test_the_users_own_word_counts_first(tmp_path: Path) -> None:
    mirror_at(tmp_path / "opt" / "other")
    mine = mirror_at(tmp_path / "mine")

    assert find_mirror({"VAULT_TF_MIRROR": str(mine)}, root=tmp_path) == mine


def test_a_users_word_that_names_no_mirror_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"VAULT_TF_MIRROR is .* which is no mirror"):
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


def test_nothing_of_the_users_own_aws_is_left_when_an_endpoint_is_meant(tmp_path: Path) -> None:
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


def test_a_proxy_does_not_stand_before_the_endpoint(tmp_path: Path) -> None:
    base = {"HTTP_PROXY": "http://proxy", "no_proxy": "example.com"}

    made = pointed_at(ENDPOINT, environment(base, config_file=tmp_path / "rc"))

    assert made["NO_PROXY"] == made["no_proxy"] == "example.com,127.0.0.1"


def test_without_an_endpoint_the_users_own_aws_stays_as_it_is(tmp_path: Path) -> None:
    mine = {"AWS_PROFILE": "production", "AWS_REGION": "us-east-1"}

    made = environment(mine, config_file=tmp_path / "rc", mirror=tmp_path)

    assert made.items() >= mine.items()
    assert "AWS_ENDPOINT_URL" not in made
    assert "CI" not in made  # cdktf may ask whether to go on
    assert made["TF_CLI_ARGS_providers_lock"] == f"-fs-mirror={tmp_path}"


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("write: no space left on device", "The disk is full"),
        ("Error: Failed to query available provider packages", "VAULT_TF_MIRROR"),
        ('S3 bucket "vault-dev-terraform-state" does not exist.', "make bootstrap"),
    ],
)
def test_a_known_failure_is_explained_with_its_remedy(output: str, told: str) -> None:
    assert told in explain("cdktf deploy", output)


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
    (deployment.stack_folder("Stack") / "cdk.tf.json").write_text(json.dumps(stack))

    assert deployment.state_bucket("Stack") == "the-state"
