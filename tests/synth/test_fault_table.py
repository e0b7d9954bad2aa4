"""Each arrow of the synthesised stacks is of a kind whose faults docs/reliability.md answers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.fault_table import kinds
from tests.synth.arrows import Arrow, arrows_of
from tests.synth.handler_calls import recorded_calls
from tests.synth.spelled import Spelled, spelled
from tests.synth.template import Template
from tools.diagrams.proven import WORDS

NOT_OF_A_STACK = {"archive -> rule"}
"""EventBridge's own way; the stack has the archive alone."""


def kind_of(arrow: Arrow, stack: Spelled) -> str:
    """Return an arrow's kind; a rule is its bus, or its schedule, unless on the default bus."""
    source, target = (WORDS[each.partition(".")[0]] for each in (arrow.source, arrow.target))
    if target in {"role", "log group", "X-Ray"}:
        return target
    if source == "rule":
        rule = stack.of("aws_cloudwatch_event_rule")[arrow.source.partition(".")[2]]
        if "schedule_expression" in rule:
            source = "schedule"
        elif rule.get("event_bus_name"):
            source = "bus"
    return f"{source} -> {target}"


@pytest.mark.parametrize("stacks", ["dev_stacks", "prod_stacks"])
def test_each_arrow_is_of_a_kind_in_one_table(stacks: str, request: pytest.FixtureRequest) -> None:
    """And each kind in the tables has an arrow."""
    templates: Mapping[str, Template] = request.getfixturevalue(stacks)
    found: set[str] = set()
    for name, template in templates.items():
        stack = spelled(template)
        calls = recorded_calls(stack) if name == "EventProcessingStack" else []
        found |= {kind_of(arrow, stack) for arrow in arrows_of(stack, calls)}
    listed = [arrow for kind in kinds() for arrow in kind.arrows]
    assert len(listed) == len(set(listed))
    assert found == set(listed) - NOT_OF_A_STACK
