"""Plan, review and apply stacks one after the other; exactly the reviewed plan is applied."""

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
"""Each stack builds on those before it. ``make bootstrap`` manages StateBackendStack."""

Agree = Callable[[str], bool]
"""A function that asks a question and returns whether the answer is yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A deployment or a destruction of the stacks of one environment."""

    stacks: Deployment
    folder: Path
    """The folder of the plans until they are applied. It must exist."""
    agree: Agree
    show: Callable[[str], None]

    def deploy(self, names: Sequence[str] = (), *, allowed: Sequence[str] = ()) -> int:
        """Plan, show, approve and apply the stacks *names* in order; all stacks if *names* is empty.

        Return 0 if every stack is up to date, and 1 if a plan failed or was not approved. Return 3
        if a plan would lose data of a resource that is not in *allowed*. The stacks after that one
        are not changed.
        """
        for stack in chosen(names):
            reviewed = self._plan(stack, allowed=allowed)
            status = self._judge(reviewed, allowed=allowed)
            if status is not None:
                if status != 0:
                    return status
                continue
            if not self.agree(f"Apply exactly this plan of {stack}?"):
                self.show(f"{stack} is not changed.")
                return 1
            self._apply(stack)
        return 0

    def destroy(self, names: Sequence[str] = (), *, safeguards: Safeguards) -> int:
        """Plan, show, approve and destroy the stacks in reverse order.

        Raises:
            CommandError: The destroy would lose something that the plan does not show.
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
            if not self.agree(f"Destroy {stack}, and lose the data that the review lists?"):
                self.show(f"{stack} is not changed.")
                return 1
            self._apply(stack)
        return 0

    def _plan(self, stack: str, *flags: str, allowed: Sequence[str] = ()) -> Reviewed:
        self.show(f"Planning {stack}")
        reviewed = plan_stack(self.stacks, stack, *flags, folder=self.folder)
        self.show(single(reviewed, allowed=allowed))
        return reviewed

    def _judge(self, reviewed: Reviewed, *, allowed: Sequence[str]) -> int | None:
        """Return an exit status if there is nothing to approve, else None."""
        findings = reviewed.findings
        if findings is None or not findings.is_complete:
            return 1
        if losses := findings.losses(allowed):
            names = " ".join(each.address for each in losses)
            self.show(
                f"{reviewed.stack}: data would be lost, so this plan is not applied. To allow the loss,"
                f" set ALLOW='{names}'."
            )
            return REFUSED
        if findings.is_empty:
            self.show(f"{reviewed.stack}: nothing to change.")
            return 0
        return None

    def _apply(self, stack: str) -> None:
        plan = self._file(stack)
        try:
            self.stacks.apply(stack, plan, self.show)
        finally:
            plan.unlink(missing_ok=True)  # it contains sensitive values in plain text

    def _file(self, stack: str) -> Path:
        return self.folder / f"{stack}.tfplan"


def chosen(names: Sequence[str]) -> list[str]:
    """Return *names* in the order in which the stacks build on each other; all if *names* is empty.

    Raises:
        CommandError: A name is not in ORDER.
    """
    if unknown := [name for name in names if name not in ORDER]:
        raise CommandError(
            f"There is no stack {', '.join(unknown)} for this command: it deploys and destroys"
            f" {', '.join(ORDER)}. 'make bootstrap' creates the bucket for the state."
        )
    return [name for name in ORDER if not names or name in names]
