"""docs/architecture.md shows what is synthesised, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from stacks.all_stacks import STACKS
from tests.synth.template import Template
from tools.architecture import illustrated
from tools.diagrams.flowchart import flowchart

BOX = re.compile(r"\s*(?:subgraph )?(\w+) ?[\[({>]")
ARROW = re.compile(r"\s*(\w+) (?:<?-->|-\.->|---)(?:\|[^|]+\|)? (\w+)")


def test_the_diagrams_are_those_of_the_stacks(
    root: Path, dev_stacks: Mapping[str, Template]
) -> None:
    page = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = {name: flowchart(stack.written) for name, stack in dev_stacks.items()}
    assert page == illustrated(page, drawn), "If the stacks are right, draw anew: make architecture"


@pytest.mark.parametrize("stack", [stack.__name__ for stack in STACKS])
def test_every_arrow_joins_what_is_drawn(stack: str, dev_stacks: Mapping[str, Template]) -> None:
    """To Mermaid an id that it does not know is a new box."""
    boxes, arrows = parts(dev_stacks[stack])
    assert {end for arrow in arrows for end in arrow} <= boxes


def test_everything_that_handles_an_upload_is_joined(dev: Template) -> None:
    """A box without an arrow: the diagram misses one, or nobody needs what it stands for."""
    boxes, arrows = parts(dev)
    assert boxes == {end for arrow in arrows for end in arrow}


def parts(template: Template) -> tuple[set[str], list[tuple[str, str]]]:
    """Return the boxes of a stack's diagram, frames too, and its arrows; each line is one."""
    boxes, arrows = set(), []
    for line in flowchart(template.written).splitlines()[1:]:
        if arrow := ARROW.fullmatch(line):
            arrows.append((arrow[1], arrow[2]))
        elif line.strip() != "end":
            box = BOX.match(line)
            assert box, f"{line} is neither a box nor an arrow"
            boxes.add(box[1])
    return boxes, arrows
