"""The check of quotas before a deployment counts exactly what the stacks have."""

from __future__ import annotations

from collections.abc import Mapping

from operations.preflight import quotas
from tests.synth.event_patterns import rules_on
from tests.synth.template import Template


def test_preflight_asks_for_as_much_as_the_stacks_need(dev_stacks: Mapping[str, Template]) -> None:
    stacks = dev_stacks.values()
    policies = [stack.resources("aws_cloudwatch_log_resource_policy") for stack in stacks]
    mappings = [stack.resources("aws_lambda_event_source_mapping") for stack in stacks]
    concurrency = [
        each["scaling_config"]["maximum_concurrency"] for some in mappings for each in some.values()
    ]
    assert sum(len(rules_on(stack, None)) for stack in stacks) == quotas.OWN_RULES
    assert sum(map(len, policies)) == quotas.OWN_LOG_POLICIES
    assert sorted(concurrency) == sorted(each.maximum_concurrency for each in quotas.QUEUES)
