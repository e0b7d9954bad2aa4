"""``sgvault reconcile``: one more attempt at the present manifest of a dataset."""

from __future__ import annotations

from operations.arguments import DryRun, Prefix, SetId, Yes
from operations.command import DECLINED, Invocation, agree
from operations.moments import ago
from operations.safe_text import given, shown

REPEAT = (
    "The outcome of {} is Successful already. One more attempt announces one more outcome, which"
    " every consumer receives."
)


def reconcile(
    invocation: Invocation,
    set_id: SetId,
    prefix: Prefix = "",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int | None:
    """Start a dataset's reconciliation again, as one more attempt.

    It asks before it repeats a reconciliation whose outcome is Successful. Exit status: 0 started, 1
    not (for example, because S3 has no manifest of the dataset, or an attempt is running).
    """
    from operations.reconcile_again import (
        last_status,
        planned,
        reconcile_again,
        refuse_while_running,
    )

    set_id = given(set_id)
    vault, output = invocation.vault, invocation.output
    refuse_while_running(vault, set_id=set_id, share_prefix=prefix)
    last = last_status(vault, set_id=set_id, share_prefix=prefix)
    arn = None
    if dry_run:
        manifest = planned(vault, set_id=set_id, share_prefix=prefix)
        attempt, upload = manifest.attempt, manifest.upload
        text = (
            f"would begin, with {shown(upload.key)}, in S3 since {ago(upload.event_time)}; its last"
            f" outcome: {last or 'none'}."
        )
    else:
        if last == "Successful" and not yes and not agree(REPEAT.format(shown(set_id))):
            output.remark("Nothing was started.")
            return DECLINED
        started = reconcile_again(vault, set_id=set_id, share_prefix=prefix)
        attempt, arn = started.attempt, started.execution_arn
        text = f"has begun: {arn}"
    if output.as_json:
        output.json({"setId": set_id, "attempt": attempt, "dryRun": dry_run, "executionArn": arn})
    else:
        output.line(f"Attempt {attempt} of {shown(set_id)} {text}")
    return None
