"""Where Terraform's state is, and where the stacks may go."""

from __future__ import annotations

from typing import Any

from tests.synth.template import Synthesise, Template


def backend(template: Template) -> Any:
    """Return the one backend's arguments."""
    (arguments,) = template.written["terraform"]["backend"].items()
    return arguments


def test_the_state_is_encrypted_and_locked_in_a_bucket_of_the_environment(dev: Template) -> None:
    """Pitfall 27: ``use_lockfile``, and no table; a fresh clone needs no account for it."""
    assert backend(dev) == (
        "s3",
        {
            "bucket": "vault-dev-terraform-state",
            "key": "dev/EventProcessingStack.tfstate",
            "encrypt": True,
            "use_lockfile": True,
        },
    )


def test_the_buckets_name_has_the_account_where_it_is_known(synthesise: Synthesise) -> None:
    """Names of buckets are global: so it is nobody else's."""
    stack = synthesise(stacksAccountId="123456789012", stacksRegion="eu-west-1")
    assert backend(stack) == (
        "s3",
        {
            "bucket": "vault-dev-terraform-state-123456789012",
            "key": "dev/EventProcessingStack.tfstate",
            "region": "eu-west-1",
            "encrypt": True,
            "use_lockfile": True,
        },
    )


def test_a_bucket_of_ones_own_is_taken_as_it_is(synthesise: Synthesise) -> None:
    """Some have one for all their states."""
    _, arguments = backend(synthesise(stateBucketName="our.states", stacksAccountId="1" * 12))
    assert arguments["bucket"] == "our.states"


def test_the_stacks_go_only_where_the_settings_say(synthesise: Synthesise) -> None:
    """Credentials of another account are refused before anything is changed."""
    stack = synthesise(stacksAccountId="123456789012", stacksRegion="eu-west-1")
    (provider,) = stack.written["provider"]["aws"]
    assert provider["allowed_account_ids"] == ["123456789012"]
    assert provider["region"] == "eu-west-1"


def test_without_these_settings_the_caller_decides(dev: Template) -> None:
    """By credentials and region, as with every other tool of AWS."""
    (provider,) = dev.written["provider"]["aws"]
    assert set(provider) == {"default_tags"}


def test_the_provider_is_the_one_that_the_bindings_were_made_from(dev: Template) -> None:
    """Exactly: another one might read the arguments in another way."""
    aws = dev.written["terraform"]["required_providers"]["aws"]
    assert aws == {"source": "aws", "version": "5.100.0"}


def test_no_endpoint_is_written_anywhere(dev: Template) -> None:
    """The local system is an ordinary environment: variables alone lead to another endpoint."""
    (provider,) = dev.written["provider"]["aws"]
    _, arguments = backend(dev)
    for where in (provider, arguments):
        assert not {key for key in where if "endpoint" in key or key.startswith("skip_")}
