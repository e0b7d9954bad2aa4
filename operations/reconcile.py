"""``sgvault reconcile``: one more attempt at the manifest that a dataset has now."""

from __future__ import annotations

from operations.arguments import Prefix, SetId
from operations.command import Invocation
from operations.safe_text import given, shown


def reconcile(invocation: Invocation, set_id: SetId, prefix: Prefix = "") -> None:
    """Start a dataset's reconciliation again, as one more attempt.

    Exit status: 0 started, 1 not (for example, because S3 has no manifest of the dataset).
    """
    from operations.reconcile_again import reconcile_again

    set_id = given(set_id)
    started = reconcile_again(invocation.vault, set_id=set_id, share_prefix=prefix)
    if invocation.output.as_json:
        invocation.output.json(
            {"setId": set_id, "attempt": started.attempt, "executionArn": started.execution_arn}
        )
    else:
        invocation.output.line(
            f"Attempt {started.attempt} of {shown(set_id)} has begun: {started.execution_arn}"
        )
