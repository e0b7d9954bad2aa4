"""docs/architecture.md shows exactly the synthesised stacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.shipped import FUNCTIONS, STACKS
from tests.synth.template import Template
from tools.architecture import illustrated
from tools.diagrams.flowchart import flowchart
from tools.diagrams.proven import PAGE, connections

PROVEN = list(connections(PAGE.read_text(encoding="utf-8")))
BOX = re.compile(r"\s*(?:subgraph )?(\w+) ?[\[({>]")
ARROW = re.compile(r"\s*(\w+) (?:<?-->|-\.->|---)(?:\|[^|]+\|)? (\w+)")


def test_the_diagrams_are_those_of_the_stacks(
    root: Path, dev_stacks: Mapping[str, Template]
) -> None:
    page = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = {name: flowchart(stack.written, PROVEN) for name, stack in dev_stacks.items()}
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


def parts(template: Template) -> tuple[set[str], list[tuple[str, str]]]:
    """Return the boxes and frames of a stack's diagram, and its arrows; each line is one."""
    boxes, arrows = set(), []
    for line in flowchart(template.written, PROVEN).splitlines()[1:]:
        if arrow := ARROW.fullmatch(line):
            arrows.append((arrow[1], arrow[2]))
        elif line.strip() != "end":
            box = BOX.match(line)
            assert box, f"{line} is neither a box nor an arrow"
            boxes.add(box[1])
    return boxes, arrows
