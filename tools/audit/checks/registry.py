"""All checks, cheapest first. They repeat no check of the linters and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tools.audit.audited import Audited
from tools.audit.checks import checkov, licences, secrets, validate
from tools.audit.violation import Violation


@dataclass(frozen=True, slots=True)
class Check:
    """A check and its name, which ``--only`` takes."""

    name: str
    title: str
    find: Callable[[Audited], Iterator[Violation]]
    needs_stacks: bool = True


CHECKS = (
    Check("secrets", "no secret in any file", secrets.find, needs_stacks=False),
    Check("validate", "every stack is valid Terraform", validate.find),
    Check("checkov", "the plan of every stack", checkov.find),
    Check("licences", "every package, and what ships", licences.find),
)
