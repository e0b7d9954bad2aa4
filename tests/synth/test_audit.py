"""What the audit passes over stands beside each resource; what it asks for is there."""

from __future__ import annotations

from audit.skips import skips
from tests.synth.template import Template, attribute


def test_every_skipped_check_has_a_reason(dev: Template, prod: Template) -> None:
    for stack in (dev, prod):
        skipped = list(skips("EventProcessingStack", stack.written))
        assert skipped
        assert all(len(skip.reason.split()) > 5 for skip in skipped)


def test_logs_are_kept_for_a_year_but_where_the_settings_say_less(
    dev: Template, prod: Template
) -> None:
    def short(stack: Template) -> set[str]:
        found = skips("EventProcessingStack", stack.written)
        return {skip.address for skip in found if skip.check == "CKV_AWS_338"}

    groups = {each for each in dev.addresses() if each.startswith("aws_cloudwatch_log_group.")}
    assert short(dev) == groups
    assert short(prod) == set()


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
