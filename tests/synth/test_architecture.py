"""docs/architecture.md shows exactly the synthesised stacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.shipped import FUNCTIONS, STACKS
from tests.synth.arrows import arrows_of
from tests.synth.handler_calls import recorded_calls
from tests.synth.spelled import spelled
from tests.synth.template import Template
from tools.architecture import illustrated
from tools.diagrams.arrows import arrows as arrows_drawn
from tools.diagrams.flowchart import flowchart
from tools.diagrams.nodes import drawn, node_id
from tools.diagrams.stack import Stack

BOX = re.compile(r"\s*(?:subgraph )?(\w+) ?[\[({>]")
ARROW = re.compile(r"\s*(\w+) (?:<?-->|-\.->|---)(?:\|[^|]+\|)? (\w+)")


def test_the_diagrams_are_those_of_the_stacks(
    root: Path, dev_stacks: Mapping[str, Template]
) -> None:
    page = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = {name: flowchart(stack.written) for name, stack in dev_stacks.items()}
    assert page == illustrated(page, drawn), "If the stacks are right, draw anew: make architecture"


def test_the_page_has_a_row_for_each_function(root: Path) -> None:
    page = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("## The functions\n")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == FUNCTIONS


@pytest.mark.parametrize("stack", STACKS)
def test_every_arrow_joins_two_boxes_of_the_diagram(
    stack: str, dev_stacks: Mapping[str, Template]
) -> None:
    """Mermaid draws a new box for an unknown id."""
    boxes, arrows = parts(dev_stacks[stack])
    assert {end for arrow in arrows for end in arrow} <= boxes


def test_every_box_that_handles_an_upload_has_an_arrow(dev: Template) -> None:
    """A box without an arrow means that an arrow is missing, or that nothing needs the box."""
    boxes, arrows = parts(dev)
    assert boxes == {end for arrow in arrows for end in arrow}


def test_the_diagram_and_the_proof_have_the_same_arrows(dev: Template) -> None:
    """Each derives its arrows separately, so that one shows what the other overlooks.

    The diagram's arrows follow the data, those of the proof the request, so pairs are compared
    without order.
    """
    machine = "sfn_state_machine_reconciliation"
    shown = {
        frozenset(machine if end.startswith(machine) else end for end in (arrow.start, arrow.end))
        for arrow in arrows_drawn(Stack(dev.written))
        if not is_no_request(arrow.end)
    }
    stack = spelled(dev)
    proven = {
        frozenset({node_id(arrow.source), node_id(arrow.target)})
        for arrow in arrows_of(stack, recorded_calls(stack))
        if drawn(arrow.source) and drawn(arrow.target)
    }
    left_out = {frozenset({machine})} | {  # a map's own executions, and the dead letters of rules
        frozenset({node_id(f"aws_cloudwatch_event_rule.{rule}"), "sqs_queue_undelivered"})
        for rule in dev.resources("aws_cloudwatch_event_rule")
    }
    assert shown | left_out == proven


def is_no_request(end: str) -> bool:
    """Return whether an arrow to *end* is EventBridge's own behaviour or a name, and not a request."""
    return end.startswith(("cloudwatch_event_rule_", "ssm_parameter_"))


def parts(template: Template) -> tuple[set[str], list[tuple[str, str]]]:
    """Return the boxes and frames of a stack's diagram, and its arrows; each line is one."""
    boxes, arrows = set(), []
    for line in flowchart(template.written).splitlines()[1:]:
        if arrow := ARROW.fullmatch(line):
            arrows.append((arrow[1], arrow[2]))
        elif line.strip() != "end":
            box = BOX.match(line)
            assert box, f"{line} is neither a box nor an arrow"
            boxes.add(box[1])
    return boxes, arrows
