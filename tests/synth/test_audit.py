"""Skipped audit checks have a reason beside their resource, and the demanded settings are present."""

from __future__ import annotations

from collections.abc import Mapping

from tests.synth.template import Template, attribute
from tools.audit.skips import Skip, skips


def skipped(stacks: Mapping[str, Template]) -> list[Skip]:
    return [skip for name, stack in stacks.items() for skip in skips(name, stack.written)]


def test_every_skipped_check_has_a_reason(
    dev_stacks: Mapping[str, Template], prod_stacks: Mapping[str, Template]
) -> None:
    """The reason is a sentence. The audit itself reports a skip that is not needed."""
    for stacks in (dev_stacks, prod_stacks):
        assert skipped(stacks)
        assert [skip for skip in skipped(stacks) if len(skip.reason.split()) <= 5] == []


def test_logs_are_kept_for_a_year_unless_the_settings_have_less(
    dev_stacks: Mapping[str, Template], prod_stacks: Mapping[str, Template]
) -> None:
    def short(stacks: Mapping[str, Template]) -> set[str]:
        return {skip.address for skip in skipped(stacks) if skip.check == "CKV_AWS_338"}

    groups = {
        address
        for stack in dev_stacks.values()
        for address in stack.addresses()
        if address.startswith("aws_cloudwatch_log_group.")
    }
    assert short(dev_stacks) == groups
    assert short(prod_stacks) == set()


def test_an_execution_that_fails_is_logged_and_every_one_is_traced(dev: Template) -> None:
    machine = dev.resource("aws_sfn_state_machine.reconciliation")
    logs = "aws_cloudwatch_log_group.reconciliation_logs"
    assert machine["logging_configuration"] == {
        "include_execution_data": True,
        "level": "ERROR",
        "log_destination": f"{attribute(logs, 'arn')}:*",
    }
    assert machine["tracing_configuration"] == {"enabled": True}
    assert dev.resource(logs)["name"] == "/aws/vendedlogs/states/vault-dev-reconciliation"
