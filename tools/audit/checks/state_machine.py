"""asl-validator on every state machine, with the ARNs that its tasks will have."""

from __future__ import annotations

from collections.abc import Iterator

from tools.audit import tools
from tools.audit.audited import Audited
from tools.audit.stand_ins import texts
from tools.audit.violation import Violation


def find(audited: Audited) -> Iterator[Violation]:
    """Yield each objection to the Amazon States Language of a definition."""
    folder = audited.scratch / "asl"
    folder.mkdir()
    for stack in audited.stacks:
        for address, argument, text in texts(stack.written):
            if address.startswith("aws_sfn_state_machine.") and argument == "definition":
                path = folder / f"{stack.environment}-{stack.name}-{address}.json"
                path.write_text(text)
                done = tools.call(
                    tools.NODE_MODULES / "asl-validator",
                    *("--json-path", path.name),
                    cwd=folder,
                    succeeds=(0, 1),
                )
                where = f"{stack.name} ({stack.environment}) {address}"
                if done.returncode:
                    yield from (Violation(where, line) for line in objections(done.stderr))


def objections(answer: str) -> list[str]:
    """Return what asl-validator says of an invalid definition, a line each, under its heading."""
    heading, *lines = [line.strip() for line in answer.splitlines() if line.strip()] or ["invalid"]
    return lines or [heading]
