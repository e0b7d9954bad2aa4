"""``sgvault reconcile``: one more attempt at the present manifest of a dataset."""

from __future__ import annotations

from operations.arguments import DryRun, Prefix, SetId, Yes
from operations.command import DECLINED, Invocation, agree
from operations.errors import OperatorError
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
    from operations.attempts import present_attempts, start

    set_id = given(set_id)
    vault, output = invocation.vault, invocation.output
    attempts = present_attempts(vault, set_id=set_id, share_prefix=prefix)
    if running := attempts.running():
        raise OperatorError(
            f"Nothing was started: attempt {running.manifest.attempt} of {shown(set_id)} is running,"
            f" and compares again until its time-out: {running.arn}. 'sgvault watch SET'"
            " waits for its outcome."
        )
    last, _ = attempts.so_far()
    arn = None
    if dry_run:
        manifest = attempts.planned()
        upload = manifest.upload
        text = (
            f"would begin, with {shown(upload.key)}, in S3 since {ago(upload.event_time)}; its last"
            f" outcome: {last or 'none'}."
        )
        if last == "Successful":
            text = f"{text} {REPEAT.format(shown(set_id))}"
    else:
        if last == "Successful" and not yes and not agree(REPEAT.format(shown(set_id))):
            return DECLINED
        manifest = attempts.reserve()
        arn = start(vault.state_machine_arn, manifest)
        text = f"has begun: {arn}"
    attempt = manifest.attempt
    if output.as_json:
        output.json({"setId": set_id, "attempt": attempt, "dryRun": dry_run, "executionArn": arn})
    else:
        output.line(f"Attempt {attempt} of {shown(set_id)} {text}")
    return None
