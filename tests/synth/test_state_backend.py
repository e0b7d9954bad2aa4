"""The place of Terraform's state, and the account and region of the stacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.shipped import STACKS
from tests.synth.template import Synthesise, Template

EVERY_STACK = pytest.mark.parametrize("stack", STACKS)


def backend(template: Template) -> Any:
    """Return the arguments of the only backend."""
    (arguments,) = template.written["terraform"]["backend"].items()
    return arguments


@EVERY_STACK
def test_the_state_is_encrypted_and_locked_in_a_bucket_of_the_environment(
    stack: str, dev_stacks: Mapping[str, Template]
) -> None:
    """Pitfall 27: ``use_lockfile``, without a table; a fresh clone needs no account for it."""
    assert backend(dev_stacks[stack]) == (
        "s3",
        {
            "bucket": "vault-dev-terraform-state",
            "key": f"dev/{stack}.tfstate",
            "encrypt": True,
            "use_lockfile": True,
        },
    )


@EVERY_STACK
def test_the_buckets_name_has_the_account_if_it_is_known(
    stack: str, synthesise: Synthesise
) -> None:
    """Bucket names are global, so another account might have the name otherwise."""
    template = synthesise(stack, stacksAccountId="123456789012", stacksRegion="eu-west-1")
    assert backend(template) == (
        "s3",
        {
            "bucket": "vault-dev-terraform-state-123456789012",
            "key": f"dev/{stack}.tfstate",
            "region": "eu-west-1",
            "encrypt": True,
            "use_lockfile": True,
        },
    )


@pytest.mark.parametrize("stack", ["DataVaultingStack", "FileShareStack"])
def test_another_stacks_state_is_read_where_that_stack_keeps_it(
    stack: str, synthesise: Synthesise
) -> None:
    """Bucket, key and region are the same in both stacks."""
    settings = {"stacksAccountId": "123456789012", "stacksRegion": "eu-west-1"}
    _, kept = backend(synthesise("EventProcessingStack", **settings))
    state = synthesise(stack, **settings).data("terraform_remote_state")["EventProcessingStack"]
    assert state["config"] == {key: kept[key] for key in ("bucket", "key", "region")}


def test_a_bucket_name_in_the_settings_is_used_unchanged(synthesise: Synthesise) -> None:
    """Some organisations have one bucket for all their states."""
    _, arguments = backend(synthesise(stateBucketName="our.states", stacksAccountId="1" * 12))
    assert arguments["bucket"] == "our.states"


@EVERY_STACK
def test_the_stacks_are_deployed_only_to_the_account_and_region_of_the_settings(
    stack: str, synthesise: Synthesise
) -> None:
    """Terraform refuses credentials of another account before it changes anything."""
    template = synthesise(stack, stacksAccountId="123456789012", stacksRegion="eu-west-1")
    (provider,) = template.written["provider"]["aws"]
    assert provider["allowed_account_ids"] == ["123456789012"]
    assert provider["region"] == "eu-west-1"


@EVERY_STACK
def test_without_these_settings_the_callers_credentials_and_region_are_used(
    stack: str, dev_stacks: Mapping[str, Template]
) -> None:
    """Other AWS tools behave the same."""
    (provider,) = dev_stacks[stack].written["provider"]["aws"]
    assert set(provider) == {"default_tags"}


@EVERY_STACK
def test_the_provider_has_the_version_of_the_bindings(
    stack: str, dev_stacks: Mapping[str, Template]
) -> None:
    """The version is exact: another one might read the arguments differently."""
    aws = dev_stacks[stack].written["terraform"]["required_providers"]["aws"]
    assert aws == {"source": "aws", "version": "5.100.0"}


@EVERY_STACK
def test_no_endpoint_is_written_anywhere(stack: str, dev_stacks: Mapping[str, Template]) -> None:
    """The local system is an ordinary environment: only variables lead to another endpoint."""
    (provider,) = dev_stacks[stack].written["provider"]["aws"]
    _, arguments = backend(dev_stacks[stack])
    for where in (provider, arguments):
        assert not {key for key in where if "endpoint" in key or key.startswith("skip_")}


def test_the_bucket_has_the_name_in_every_stacks_backend(
    dev_stacks: Mapping[str, Template],
) -> None:
    """The bucket also contains the state of its own stack."""
    (bucket,) = dev_stacks["StateBackendStack"].resources("aws_s3_bucket").values()
    assert {backend(stack)[1]["bucket"] for stack in dev_stacks.values()} == {bucket["bucket"]}
    keys = {backend(stack)[1]["key"] for stack in dev_stacks.values()}
    assert keys == {f"dev/{stack}.tfstate" for stack in STACKS}


def test_old_states_expire_except_the_newest(dev_stacks: Mapping[str, Template]) -> None:
    """A current state never expires."""
    rule, *_ = lifecycle(dev_stacks)
    assert rule["filter"] == [{"prefix": ""}]
    assert rule["noncurrent_version_expiration"] == [
        {"noncurrent_days": 90, "newer_noncurrent_versions": 20}
    ]
    assert "expiration" not in rule


def test_locks_expire(dev_stacks: Mapping[str, Template]) -> None:
    """Pitfall 27: this covers locks left by a crash, and the versions and markers left by each release."""
    _, *rules = lifecycle(dev_stacks)
    assert [rule["filter"] for rule in rules] == [
        [{"prefix": f"{backend(dev_stacks[stack])[1]['key']}.tflock"}] for stack in STACKS
    ]
    for rule in rules:
        assert rule["expiration"] == [{"days": 1}]
        assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 1}]


def lifecycle(stacks: Mapping[str, Template]) -> list[Any]:
    """Return the lifecycle rules of the state bucket."""
    template = stacks["StateBackendStack"]
    (configuration,) = template.resources("aws_s3_bucket_lifecycle_configuration").values()
    rules: list[Any] = configuration["rule"]
    assert {rule["status"] for rule in rules} == {"Enabled"}
    return rules


def test_the_bucket_is_protected_in_every_environment(
    dev_stacks: Mapping[str, Template], synthesise: Synthesise
) -> None:
    """The settings for data have no effect on it."""
    play = synthesise("StateBackendStack", deleteDataWithStacks=True)
    for stack in (dev_stacks["StateBackendStack"], play):
        (bucket,) = stack.resources("aws_s3_bucket").values()
        assert bucket["lifecycle"] == {"prevent_destroy": True}
        assert bucket["force_destroy"] is False


def test_the_buckets_address_is_frozen(dev_stacks: Mapping[str, Template]) -> None:
    """With another address, Terraform would try to replace the bucket, and fail."""
    assert "aws_s3_bucket.state_EC29AD4A" in dev_stacks["StateBackendStack"].addresses()
