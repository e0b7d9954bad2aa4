"""A state machine as a frame with its states and transitions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tools.diagrams.nodes import label
from tools.diagrams.stack import Block

SHAPES = {"Choice": "{%s}", "Task": "[%s]"}


def definition_of(machine: Block) -> Block:
    """Return the definition in a state machine's arguments."""
    definition: Block = json.loads(machine["definition"])
    return definition


def states(machine: str, definition: Block) -> Iterator[str]:
    """Yield the lines for the state machine with the node id *machine*."""
    yield f"subgraph {machine} [{label('state machine')}]"
    for name, state in definition["States"].items():
        yield f"  {state_id(machine, name)}{SHAPES.get(state['Type'], '(%s)') % label(name)}"
    for name, state in definition["States"].items():
        for line, following in _ways(state):
            yield f"  {state_id(machine, name)} {line} {state_id(machine, following)}"
    yield "end"


def state_id(machine: str, name: str) -> str:
    """Return the id of a state's node."""
    return f"{machine}_{re.sub(r'[^0-9A-Za-z]', '_', name)}"


def _ways(state: Block) -> Iterator[tuple[str, str]]:
    """Yield the arrow and the next state for each transition of *state*."""
    for choice in state.get("Choices", []):
        tested = choice.get("Variable") or choice["And"][0]["Variable"]
        yield f"-->|{label(tested.rpartition('.')[2])}|", choice["Next"]
    if "Default" in state:
        yield f"-->|{label('else')}|", state["Default"]
    if "Next" in state:
        yield "-->", state["Next"]
    for catch in state.get("Catch", []):
        yield f"-.->|{label('error')}|", catch["Next"]
