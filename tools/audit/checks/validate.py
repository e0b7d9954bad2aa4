"""``terraform validate`` on every stack: arguments, types and references, by the provider's schema."""

from __future__ import annotations

from collections.abc import Iterator

from tools.audit.audited import Audited
from tools.audit.violation import Violation


def find(audited: Audited) -> Iterator[Violation]:
    """Yield errors and warnings, and valid stacks that cannot be planned."""
    for stack in audited.stacks:
        where = f"{stack.name} ({stack.environment})"
        for diagnostic in stack.diagnostics:
            address = (
                diagnostic.get("address") or diagnostic.get("snippet", {}).get("context") or ""
            )
            text = " ".join(f"{diagnostic['summary']}. {diagnostic.get('detail', '')}".split())
            yield Violation(f"{where} {address}".strip(), f"{diagnostic['severity']}: {text}")
        if stack.plan is None and not stack.diagnostics:
            yield Violation(where, stack.unplanned)
