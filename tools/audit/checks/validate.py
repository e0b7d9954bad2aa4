"""``terraform validate`` on every stack: every argument, type and reference, as the provider knows it."""

from __future__ import annotations

from collections.abc import Iterator

from audit.audited import Audited
from audit.finding import Finding


def find(audited: Audited) -> Iterator[Finding]:
    """Yield errors and warnings, and stacks that are valid but cannot be planned."""
    for stack in audited.stacks:
        where = f"{stack.name} ({stack.environment})"
        for told in stack.diagnostics:
            address = told.get("address") or told.get("snippet", {}).get("context") or ""
            text = " ".join(f"{told['summary']}. {told.get('detail', '')}".split())
            yield Finding(f"{where} {address}".strip(), f"{told['severity']}: {text}")
        if stack.plan is None and not stack.diagnostics:
            yield Finding(where, stack.unplanned)
