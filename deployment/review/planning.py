"""Plan synthesised stacks with Terraform, and write files and a summary. Nothing is applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from deployment.deployment import Deployment
from deployment.errors import CommandError
from deployment.review.findings import find
from deployment.review.markdown import Reviewed, single, summary
from deployment.review.plan import PlanError, read_plan

PLANS = Path(__file__).parents[2] / "build" / "plans"
SUMMARY = "summary.md"
ENDS = ("tfplan", "json", "md")
REFUSED = 3  # argparse ends with 2

Phase = Callable[[str], AbstractContextManager[object]]
"""A function that returns a context manager, which shows progress while its body runs."""


def quietly(doing: str) -> AbstractContextManager[object]:
    """Show no progress."""
    return nullcontext(doing)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReview:
    """The result of planning some stacks."""

    reviewed: tuple[Reviewed, ...]
    text: str
    """The summary of all stacks."""
    status: int
    """3 if a plan would lose data that is not allowed to be lost; else 1 if a plan is incomplete; else 0."""


def plan_stacks(
    deployment: Deployment,
    *,
    environment: str,
    stacks: Sequence[str] = (),
    allowed: Sequence[str] = (),
    folder: Path,
    phase: Phase = quietly,
) -> PlanReview:
    """Plan *stacks* of a synthesised *deployment* (all if empty), and write their files.

    *folder* must exist and be empty. It receives the plan, its JSON and its Markdown for each
    stack. A stack that cannot be planned does not stop the others.

    Raises:
        CommandError: There is no such stack.
    """
    names = _chosen(deployment.stacks(), stacks)
    reviewed = [plan_stack(deployment, name, folder=folder, phase=phase) for name in names]
    return conclude(reviewed, environment=environment, allowed=allowed, folder=folder)


def emptied(folder: Path) -> Path:
    """Create *folder* for its owner only, and remove the plans of earlier runs."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # a plan holds sensitive values as they are
    for end in ENDS:
        for old in folder.glob(f"*.{end}"):
            old.unlink()
    return folder.resolve()


def plan_stack(
    deployment: Deployment, stack: str, *flags: str, folder: Path, phase: Phase = quietly
) -> Reviewed:
    """Plan one stack with *flags* for Terraform, and write the plan and its JSON to *folder*."""
    with phase(f"Planning {stack}"):
        try:
            findings = find(read_plan(_planned(deployment, stack, flags, folder)))
            return Reviewed(stack=stack, findings=findings, is_destroy="-destroy" in flags)
        except (CommandError, PlanError) as error:
            return Reviewed(stack=stack, error=str(error))


def conclude(
    reviewed: Sequence[Reviewed], *, environment: str, folder: Path, allowed: Sequence[str] = ()
) -> PlanReview:
    """Write the report of each stack and the summary to *folder*, and return them with the exit status."""
    for each in reviewed:
        _file(folder, each.stack, "md").write_text(single(each, allowed=allowed), encoding="utf-8")
    text = summary(reviewed, environment=environment, allowed=allowed)
    (folder / SUMMARY).write_text(text, encoding="utf-8")
    return PlanReview(reviewed=tuple(reviewed), text=text, status=exit_status(reviewed, allowed))


def _chosen(there: Sequence[str], wanted: Iterable[str]) -> list[str]:
    asked = list(dict.fromkeys(wanted))
    if unknown := [name for name in asked if name not in there]:
        raise CommandError(f"There is no stack {', '.join(unknown)}: there are {', '.join(there)}.")
    return asked or list(there)


def _planned(
    deployment: Deployment, stack: str, flags: Sequence[str], folder: Path
) -> Mapping[str, object]:
    deployment.initialise(stack)
    # A plan writes no state, so it takes no lock: it must neither wait for a deployment nor delay
    # one. Terraform refuses to apply a plan that was made from an older state.
    plan = deployment.plan(stack, _file(folder, stack, "tfplan"), "-lock=false", *flags)
    _file(folder, stack, "json").write_text(json.dumps(plan), encoding="utf-8")
    return plan


def exit_status(reviewed: Sequence[Reviewed], allowed: Sequence[str] = ()) -> int:
    """Return 3 for a loss that is not *allowed*, else 1 for a stack without a complete plan, else 0."""
    if any(each.findings and each.findings.losses(allowed) for each in reviewed):
        return REFUSED
    return int(any(each.findings is None or not each.findings.is_complete for each in reviewed))


def _file(folder: Path, stack: str, end: str) -> Path:
    return folder / f"{stack}.{end}"
