"""``sgvault reconcile``: one more attempt at the present manifest of a dataset."""

from __future__ import annotations

from operations.arguments import Prefix, SetId, Yes
from operations.command import DECLINED, Invocation, agree
from operations.safe_text import given, shown

REPEAT = (
    "The outcome of {} is Successful already. One more attempt announces one more outcome, which"
    " every consumer receives."
)


def reconcile(
    invocation: Invocation, set_id: SetId, prefix: Prefix = "", yes: Yes = False
) -> int | None:
    """Start a dataset's reconciliation again, as one more attempt.

    It asks before it repeats a reconciliation whose outcome is Successful. Exit status: 0 started, 1
    not (for example, because S3 has no manifest of the dataset).
    """
    from operations.reconcile_again import last_status, reconcile_again

    set_id = given(set_id)
    successful = last_status(invocation.vault, set_id=set_id, share_prefix=prefix) == "Successful"
    if successful and not yes and not agree(REPEAT.format(shown(set_id))):
        invocation.output.remark("Nothing was started.")
        return DECLINED
    started = reconcile_again(invocation.vault, set_id=set_id, share_prefix=prefix)
    if invocation.output.as_json:
        invocation.output.json(
            {"setId": set_id, "attempt": started.attempt, "executionArn": started.execution_arn}
        )
    else:
        invocation.output.line(
            f"Attempt {started.attempt} of {shown(set_id)} has begun: {started.execution_arn}"
        )
    return None
