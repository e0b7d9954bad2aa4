"""Combine nodes, states and arrows of a stack.

Roles, log groups, alarms and the parts of a bucket are left out, and so are the dead letters of
rules, whose arrows would cross all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tools.diagrams.arrows import arrows, remote
from tools.diagrams.nodes import MACHINE, node_id, nodes
from tools.diagrams.proven import Connection
from tools.diagrams.stack import Stack
from tools.diagrams.states import definition_of, states


def flowchart(template: Mapping[str, Any], proven: Iterable[Connection] = ()) -> str:
    """Return the diagram of the stack that *template*, its parsed JSON, describes.

    *proven* has the calls of the system; those between two parts of the stack are drawn.
    """
    stack = Stack(template)
    lines = [*nodes(stack), *dict.fromkeys(remote(stack))]
    for address, machine in stack.of_type(MACHINE).items():
        lines += states(node_id(address), definition_of(machine))
    lines += dict.fromkeys(map(str, arrows(stack, proven)))
    return "".join(f"{line}\n" for line in ["flowchart LR", *(f"  {line}" for line in lines)])
