"""``sgvault backfill``: announce again the objects in S3 whose upload events were lost."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from operations.announce import A_CALL, announce
from operations.arguments import DryRun, Prefix, SetId, Yes
from operations.command import DECLINED, Invocation, agree
from operations.counted import counted
from operations.safe_text import given, set_argument, shown
from operations.settled import Verdict

if TYPE_CHECKING:
    from operations.backfill_plan import Plan

EXAMPLES = 20


def backfill(
    invocation: Invocation,
    set_id: SetId,
    prefix: Prefix = "",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Announce the files that a set's manifest lists and S3 has, but the table has not.

    An object that may still be growing is not announced. Its size must be the listed one; if the
    manifest has no sizes, the command looks twice at the object, a settling time apart. Then the
    command announces the manifest or, if its upload has an outcome already, starts the next
    attempt. While an attempt is running, it does neither: that attempt compares again. Repeating the
    command changes nothing. Exit status: 0 done, 1 failed, not approved, or a file in S3 was not
    announced because it may be incomplete or is of an earlier delivery.
    """
    from operations.backfill_plan import make_plan

    set_id = given(set_id)
    vault, output = invocation.vault, invocation.output
    with output.progress(f"Comparing {shown(set_id)} with S3 and the table") as steps:
        plan = make_plan(vault, set_id, share_prefix=prefix, on_look=steps.advance)
    if plan.unseen and not dry_run:
        _wait(invocation, vault.upload_settling_seconds, len(plan.unseen))
        with output.progress("Looking a second time", total=len(plan.unseen)) as steps:
            plan = plan.looked_again(on_look=steps.advance)
    sent: dict[str, Any] = {"announced": 0, "executionArn": None}
    if not output.as_json:
        _describe(invocation, plan)
    if not dry_run and not plan.nothing_to_do:
        if not yes and not agree(
            f"The plan: announce {counted(len(plan.uploads), 'file')} of {shown(set_id)}; {plan.then}."
        ):
            return DECLINED
        sent = _carry_out(invocation, plan)
    if output.as_json:
        output.json({**plan.wire(), "dryRun": dry_run, **sent})
    elif not dry_run and not plan.nothing_to_do:
        output.line(f"Announced {counted(sent['announced'], 'file')}; {plan.then}.")
        output.next(f"sgvault watch {set_argument(set_id, prefix)}")
    return 1 if plan.not_announced else 0


def _wait(invocation: Invocation, seconds: int, number: int) -> None:
    text = f"{counted(number, 'object')} without a listed size: a second look in {seconds} s"
    with invocation.output.progress(text, total=seconds) as steps:
        for _ in range(seconds):
            time.sleep(1)
            steps.advance()


def _describe(invocation: Invocation, plan: Plan) -> None:
    output = invocation.output
    lack = f"{plan.missing:,} {'has' if plan.missing == 1 else 'have'} no row"
    listed = f"{shown(plan.manifest.key)} lists {counted(plan.listed, 'file')}"
    output.line(f"{listed}; {lack if plan.missing else 'each has a row'}.")
    counts = Counter(each.verdict for each in plan.files)
    output.table(
        ["files ", "what becomes of them"],
        [(str(number), verdict.value) for verdict, number in counts.most_common()],
    )
    not_announced = [each for each in plan.files if each.verdict is not Verdict.ANNOUNCE]
    for each in not_announced[:EXAMPLES]:
        output.line(f"  {shown(each.key)}: {each.verdict.value}")
    if len(not_announced) > EXAMPLES:
        output.line(f"  ... and {len(not_announced) - EXAMPLES} more: --json lists all.")
    output.line(f"Then: {plan.then}.")


def _carry_out(invocation: Invocation, plan: Plan) -> dict[str, Any]:
    """Announce the data files, then the manifest or one more attempt, unless one is running."""
    from operations.attempts import start

    uploads = list(plan.uploads)
    if plan.attempt == 1 and not plan.running and not plan.manifest_may_grow:
        uploads.append(plan.manifest)
    url = invocation.vault.upload_queue_url
    with invocation.output.progress("Announcing", total=len(uploads)) as steps:
        for first in range(0, len(uploads), A_CALL):
            announce(url, uploads[first : first + A_CALL], reason="backfill")
            steps.advance(min(A_CALL, len(uploads) - first))
    arn = None
    if plan.attempt > 1 and not plan.running:
        arn = start(invocation.vault.state_machine_arn, plan.attempts.reserve())
    return {"announced": len(plan.uploads), "executionArn": arn}
