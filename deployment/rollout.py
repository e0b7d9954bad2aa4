"""Stacks planned, reviewed and applied one after the other: what is applied is what was reviewed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deployment.deployment import Deployment
from deployment.errors import CommandError
from deployment.review.markdown import Reviewed, single
from deployment.review.planning import REFUSED, plan_stack
from deployment.safeguards import Safeguards

ORDER = ("EventProcessingStack", "DataVaultingStack", "FileShareStack")
"""Each builds on the ones before it. StateBackendStack is made by ``make bootstrap``, and stays."""

Agree = Callable[[str], bool]
"""Asks a question, and returns whether the answer is yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The stacks of one environment on their way to AWS."""

    stacks: Deployment
    folder: Path
    """Where the plans are kept until they are applied; it is there."""
    agree: Agree
    show: Callable[[str], None]

    def deploy(self, names: Sequence[str] = (), *, allowed: Sequence[str] = ()) -> int:
        """Plan, show, ask and apply the stacks *names* (all, if none is named) in their order.

        Returns 0 if all of them are as they should be, 1 if one could not be planned or was not
        agreed to, 3 if it would lose data that is not *allowed* to be. Later ones are left alone.
        """
        for stack in chosen(names):
            reviewed = self._plan(stack, allowed=allowed)
            status = self._judge(reviewed, allowed=allowed)
            if status is not None:
                if status != 0:
                    return status
                continue
            if not self.agree(f"Apply exactly this plan of {stack}?"):
                self.show(f"{stack} is left as it is.")
                return 1
            self._apply(stack)
        return 0

    def destroy(self, names: Sequence[str] = (), *, safeguards: Safeguards) -> int:
        """Plan, show, ask and destroy the stacks in the reverse order.

        Raises:
            CommandError: Something would be lost that nobody can see in the plan.
        """
        for stack in reversed(chosen(names)):
            reviewed = self._plan(stack, "-destroy")
            if reviewed.findings is None:
                self.show(reviewed.error)
                return 1
            if not reviewed.findings.counts:
                self.show(f"{stack}: nothing is deployed.")
                continue
            safeguards.check(stack, self.stacks.shown(stack, self._file(stack)))
            if not self.agree(f"Destroy {stack}, with all that the review says is lost?"):
                self.show(f"{stack} is left as it is.")
                return 1
            self._apply(stack)
        return 0

    def _plan(self, stack: str, *flags: str, allowed: Sequence[str] = ()) -> Reviewed:
        self.show(f"Planning {stack}")
        reviewed = plan_stack(self.stacks, stack, *flags, folder=self.folder)
        self.show(single(reviewed, allowed=allowed))
        return reviewed

    def _judge(self, reviewed: Reviewed, *, allowed: Sequence[str]) -> int | None:
        """Return an exit status if there is nothing to ask about, or None."""
        findings = reviewed.findings
        if findings is None or not findings.is_whole:
            return 1
        if losses := findings.losses(allowed):
            names = " ".join(each.address for each in losses)
            self.show(
                f"Data would be lost: nothing is applied. If it may be, give ALLOW='{names}'."
            )
            return REFUSED
        if findings.is_empty:
            self.show(f"{reviewed.stack}: nothing to change.")
            return 0
        return None

    def _apply(self, stack: str) -> None:
        """Apply the saved plan; Terraform refuses it if the state has changed since."""
        plan = self._file(stack)
        try:
            self.stacks.change(
                stack, "apply", "-input=false", "-no-color", str(plan), on_line=self.show
            )
        finally:
            plan.unlink(missing_ok=True)  # it holds sensitive values as they are

    def _file(self, stack: str) -> Path:
        return self.folder / f"{stack}.tfplan"


def chosen(names: Sequence[str]) -> list[str]:
    """Return *names* in the order in which the stacks build on each other; all, if there are none.

    Raises:
        CommandError: There is no such stack, or it is not deployed this way.
    """
    if strangers := [name for name in names if name not in ORDER]:
        raise CommandError(
            f"{', '.join(strangers)} is no stack that is deployed this way: there are"
            f" {', '.join(ORDER)}. 'make bootstrap' makes the bucket of the state."
        )
    return [name for name in ORDER if not names or name in names]
