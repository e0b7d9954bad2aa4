"""``sgvault smoke``: test a deployed environment without a gateway."""

from __future__ import annotations

import re
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from operations.arguments import Yes
from operations.command import DECLINED, INTERRUPTED, Invocation, agree
from operations.errors import OperatorError
from operations.safe_text import shown

if TYPE_CHECKING:
    from operations.smoke.dataset import SmokeSet
    from operations.smoke.journey import Hop, Journey
    from operations.smoke.removal import Left

LEFT = 3
SETTLE_SECONDS = 60
QUESTION = (
    "{} is protected by preventDestroy. The test writes two small datasets into its upload bucket,"
    " announces two outcomes to everybody who subscribes to them, and removes what it wrote."
)


def smoke(
    invocation: Invocation,
    yes: Yes = False,
    patience: Annotated[
        int, typer.Option(metavar="SECONDS", min=1, help="The longest time that a step may take.")
    ] = 120,
    remove: Annotated[
        str | None,
        typer.Option(metavar="SET", help="Only remove what an earlier test left of this set."),
    ] = None,
) -> int:
    """Send two small datasets through a deployed environment, without a gateway.

    The first one has awkward names and must end Successful. Of the second one a file is missing,
    so it must end Timed out and name that file. The test removes what it wrote, on Ctrl-C and on
    failure too. It asks first where the environment has preventDestroy. Exit status: 0 passed,
    1 failed, 3 passed, but something could not be removed, 130 interrupted.
    """
    from operations.smoke.dataset import SET_ID

    vault = invocation.vault
    if remove is not None:
        if not re.fullmatch(SET_ID, remove):
            raise OperatorError(f"{shown(remove)} is no set of a smoke test.")
        return SmokeTest(invocation, patience, set_ids=[remove]).remove()
    protected = vault.prevent_destroy is not False  # unknown if deployed before 0.2.0
    if protected and not yes and not agree(QUESTION.format(vault.environment_name)):
        return DECLINED
    return SmokeTest(invocation, patience).run()


class SmokeTest:
    """One run of the test."""

    def __init__(
        self, invocation: Invocation, patience: int, set_ids: list[str] | None = None
    ) -> None:
        self._invocation, self._patience = invocation, patience
        self._vault, self._output = invocation.vault, invocation.output
        self._set_ids: list[str] = set_ids or []
        self._journeys: list[Journey] = []
        self._hops: list[Hop] = []
        self._problem: str | None = None

    def run(self) -> int:
        """Run the test, remove its data, show both, and return the exit status."""
        interrupted = False
        try:
            self._everything()
        except KeyboardInterrupt:
            interrupted = True
            self._problem = "Interrupted"
            self._output.remark("Interrupted: removing what the test wrote.", style="yellow")
        except (OperatorError, BotoCoreError, ClientError) as error:
            self._problem = str(error)
        status = self.remove()
        return INTERRUPTED if interrupted else status

    def _everything(self) -> None:
        from operations.smoke.dataset import complete_set, incomplete_set
        from operations.smoke.upload_pattern import check_pattern

        began = time.monotonic()
        sentence = check_pattern(self._vault)
        self._show_hop(None, "rule", time.monotonic() - began, sentence)
        set_id = time.strftime("smoke-%Y%m%dT%H%M%SZ-", time.gmtime()) + secrets.token_hex(4)
        naming = self._vault.naming
        complete = complete_set(set_id, naming)
        journey = self._journey(complete)
        journey.bring()
        journey.announce_manifest()
        number = len(complete.listed)
        self._expect(
            journey.end(), status="Successful", files=number, found=number, missing=0, unexpected=0
        )
        incomplete = incomplete_set(set_id, naming)
        journey = self._journey(incomplete)
        journey.bring()
        journey.start_itself()
        number = len(incomplete.listed)
        detail = journey.end()
        self._expect(detail, status="Timed out", files=number, found=number - 1, missing=1)
        named = {each["key"] for each in detail["examples"]}
        missing = set(incomplete.never_written)
        if named != missing:
            raise OperatorError(
                f"The outcome of {incomplete.set_id} names {sorted(named)}, and must name"
                f" {sorted(missing)}."
            )

    def _journey(self, smoke_set: SmokeSet) -> Journey:
        from operations.smoke.journey import Journey

        self._set_ids.append(smoke_set.set_id)
        if not self._output.as_json:
            self._output.line(smoke_set.set_id, style="bold")
        journey = Journey(self._vault, smoke_set, self._patience, self._on_hop)
        self._journeys.append(journey)
        return journey

    def _expect(self, detail: dict[str, Any], **wanted: Any) -> None:
        for name, value in wanted.items():
            if detail.get(name) != value:
                raise OperatorError(
                    f"The outcome of {detail['set-id']} has {name} {detail.get(name)!r}, and must"
                    f" have {value!r}: {detail['reason']}"
                )

    def remove(self) -> int:
        """Remove what was written, show the result, and return the exit status."""
        removed, left = self._removed()
        for each in left:
            self._output.remark(f"Not removed: {each.what}: {each.reason}", style="red")
        if left:
            commands = (f"sgvault smoke --remove {each}" for each in self._set_ids)
            names = " and ".join(map(self._output.command, commands))
            self._output.remark(f"Once the reason is gone: {names}")
        if self._output.as_json:
            self._output.json(
                {
                    "setIds": self._set_ids,
                    "passed": self._problem is None,
                    "problem": self._problem,
                    "hops": [each.wire() for each in self._hops],
                    "removed": removed,
                    "left": [{"what": each.what, "reason": each.reason} for each in left],
                }
            )
        else:
            self._output.line(f"Removed {removed} objects and rows.")
            if self._problem:
                self._output.line(self._problem, style="red")
            elif self._journeys:
                self._output.line("The environment works.", style="green")
        if self._problem:
            return 1
        return LEFT if left else 0

    def _removed(self) -> tuple[int, list[Left]]:
        from operations.smoke.removal import Left, Removal

        removal = Removal(self._vault, self._set_ids)
        try:
            for journey in self._journeys:
                with suppress(OperatorError, BotoCoreError, ClientError):
                    journey.settle(SETTLE_SECONDS)
                if journey.execution:
                    removal.executions.add(journey.execution.arn)
        except KeyboardInterrupt:
            self._output.remark(
                "Interrupted again: the removal starts without waiting for the functions.",
                style="yellow",
            )
        try:
            left = removal.run()
        except KeyboardInterrupt:
            left = [Left(each, "interrupted a second time") for each in self._set_ids]
        return removal.removed, left

    def _show_hop(self, set_id: str | None, name: str, seconds: float, seen: str) -> None:
        from operations.smoke.journey import Hop

        self._on_hop(Hop(set_id=set_id, name=name, seconds=seconds, seen=seen))

    def _on_hop(self, hop: Hop) -> None:
        self._hops.append(hop)
        if not self._output.as_json:
            self._output.line(f"  {hop.name:<18} {hop.seconds:>7.2f} s  {hop.seen}")
