"""Snapshots of whole stacks.

A snapshot shows that something changed; other tests state the intention. To accept a change::

    UPDATE_SNAPSHOTS=1 .venv/bin/python -m pytest tests/synth/test_snapshot.py
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.shipped import STACKS
from tests.synth.template import Template

SNAPSHOTS = Path(__file__).parent / "snapshots"
ACCEPT = "UPDATE_SNAPSHOTS"


@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_equals_its_snapshot(stack: str, dev_stacks: Mapping[str, Template]) -> None:
    """The JSON texts of the state machine, the policies and the rules are left out; other tests have them."""
    path = SNAPSHOTS / f"{stack}.txt"
    now = "".join(f"{line}\n" for line in snapshot(dev_stacks[stack]))
    if os.environ.get(ACCEPT):
        path.write_text(now, encoding="utf-8")
    assert now == path.read_text(encoding="utf-8"), f"If this was meant, accept it: {ACCEPT}=1"


def snapshot(template: Template) -> Iterator[str]:
    """Yield a line for each argument of each block, in a fixed order."""
    content = template.readable
    blocks = {"provider aws": content["provider"]["aws"], "terraform": content["terraform"]}
    blocks |= {f"output {name}": output for name, output in content.get("output", {}).items()}
    for kind in ("data", "resource"):
        for type_, named in template.written.get(kind, {}).items():
            for name in named:
                blocks[f"{kind} {type_}.{name}"] = content[kind][type_][name]
    for title, block in sorted(blocks.items()):
        yield title
        yield from (f"  {path} = {value}" for path, value in leaves(block))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the JSON of each plain value; JSON texts are parsed."""
    if isinstance(value, str) and value.startswith("{"):
        value, path = json.loads(value), f"{path}(json)"
    if isinstance(value, dict) and value:
        for key in value if path.endswith("States") else sorted(value):
            yield from leaves(value[key], f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        for index, each in enumerate(value):
            yield from leaves(each, f"{path}[{index}]")
    elif path:
        yield path, json.dumps(value, ensure_ascii=False)
