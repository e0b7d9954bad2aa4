"""``sgvault dead-letters``: list, show, redrive, set aside."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import Annotated, Any

import boto3
import typer

from operations.arguments import DryRun, Yes
from operations.command import DECLINED, Invocation, agree
from operations.counted import counted
from operations.dead_letter import DeadLetter
from operations.dead_letter_queues import Reading, keep_aside, queues_of, send
from operations.errors import OperatorError
from operations.moments import utc
from operations.safe_text import shown

LIMIT = 1_000
REDRIVE = "Redrive"
NOWHERE = (
    "No dead-letter queue has the message {}: 'sgvault dead-letters list' shows those that are"
    " visible now."
)
UNREADABLE = (
    "A redrive brings {} back that cannot be read; the first is {}. Run 'sgvault backfill SET' for"
    " the files, then 'sgvault dead-letters set-aside ID --why TEXT'."
)
HIDING = "Reading hid these messages from other readers for a moment; they are visible again."

QueueName = Annotated[
    str,
    typer.Option("--queue", metavar="NAME", help="Only this queue: uploads, records, undelivered."),
]
Reason = Annotated[
    str, typer.Option(metavar="TEXT", help="Only messages whose reason contains this text.")
]
Limit = Annotated[
    int, typer.Option(min=1, metavar="NUMBER", help="The most messages to read from each queue.")
]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only these message ids.")]


def list_(
    invocation: Invocation, queue: QueueName = "", reason: Reason = "", limit: Limit = LIMIT
) -> None:
    """List dead letters by queue, with the reason and the target of a redrive.

    SQS cannot browse: listing hides the messages from other readers for a moment. Exit status: 0.
    """
    letters = list(_read(invocation, queue=queue, reason=reason, limit=limit))
    if invocation.output.as_json:
        invocation.output.json([letter.wire() for letter in letters])
        return
    if not letters:
        invocation.output.line("No dead letters.")
        return
    invocation.output.table(
        ["queue", "message id", "sent (UTC)", "shape", "reason", "target"],
        [
            (
                letter.queue,
                shown(letter.message_id),
                utc(letter.sent_ms / 1000),
                letter.shape.value,
                shown(letter.reason[:200]),
                letter.short_target,
            )
            for letter in letters
        ],
    )
    invocation.output.remark(HIDING)


def show(
    invocation: Invocation,
    message_id: Annotated[str, typer.Argument(metavar="ID", help="The message id, as listed.")],
    queue: QueueName = "",
) -> None:
    """Show one dead letter in full: attributes and body.

    Exit status: 0 shown, 1 no queue has it (or another reader has hidden it for the moment).
    """
    with closing(_read(invocation, queue=queue, ids=[message_id], limit=10**6)) as letters:
        found = next(letters, None)
    if found is None:
        raise OperatorError(NOWHERE.format(shown(message_id)))
    if invocation.output.as_json:
        invocation.output.json(found.wire())
        return
    invocation.output.facts(
        {
            "queue": found.queue,
            "message id": found.message_id,
            "sent (UTC)": utc(found.sent_ms / 1000),
            "shape": found.shape.value,
            "reason": shown(found.reason),
            "target": found.short_target,
            **{name: shown(value) for name, value in found.attributes.items()},
            "body": shown(found.body),
        }
    )
    invocation.output.remark(HIDING)


def redrive(
    invocation: Invocation,
    ids: Ids = None,
    queue: QueueName = "",
    reason: Reason = "",
    rate: Annotated[
        float,
        typer.Option(min=0.1, metavar="NUMBER", help="The most messages to send in a second."),
    ] = 20.0,
    limit: Limit = LIMIT,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Send dead letters to their targets again, and delete those that the targets accepted.

    A refused message stays in its queue. After an interruption between the two steps, a message is
    delivered twice; none is lost. Exit status: 0 all sent, 1 some stayed or not approved.
    """
    interval_seconds = 1 / rate

    def to_target(letter: DeadLetter) -> str:
        send(letter)
        time.sleep(interval_seconds)
        return letter.short_target

    chosen = {"ids": ids or [], "queue": queue, "reason": reason, "limit": limit}
    return _move(invocation, chosen, REDRIVE, to_target, dry_run=dry_run, yes=yes)


def set_aside(
    invocation: Invocation,
    why: Annotated[
        str, typer.Option("--why", metavar="TEXT", help="The reason, stored with the message.")
    ],
    ids: Ids = None,
    queue: QueueName = "",
    reason: Reason = "",
    limit: Limit = LIMIT,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Move dead letters that cannot be redriven to the reports bucket, with a reason.

    Each is completely in S3 before it is deleted from its queue. Exit status: 0 all moved, 1 some
    stayed or not approved.
    """
    vault = invocation.vault
    by = "" if dry_run else boto3.client("sts").get_caller_identity()["Arn"]
    chosen = {"ids": ids or [], "queue": queue, "reason": reason, "limit": limit}
    return _move(
        invocation,
        chosen,
        "Set aside",
        lambda letter: keep_aside(vault, letter, reason=why, by=by),
        dry_run=dry_run,
        yes=yes,
    )


def _move(
    invocation: Invocation,
    chosen: dict[str, Any],
    verb: str,
    action: Callable[[DeadLetter], str],
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    """Show the messages in *chosen*, ask, and move them by *action*, which returns the new place."""
    output = invocation.output
    selected = list(_read(invocation, **chosen))
    if absent := sorted(set(chosen["ids"]) - {each.message_id for each in selected}):
        raise OperatorError(NOWHERE.format(shown(absent[0])))
    kinds = Counter((each.queue, each.reason[:200], each.short_target) for each in selected)
    moved: list[dict[str, str]] = []
    failed: list[dict[str, str]] = []
    if not output.as_json:
        rows = [(str(number), kind[0], shown(kind[1]), kind[2]) for kind, number in kinds.items()]
        output.table(["messages ", "queue", "reason", "target"], rows)
    unreadable = [each.message_id for each in selected if each.unreadable]
    if verb == REDRIVE and unreadable:
        number = counted(len(unreadable), "message")
        output.remark(UNREADABLE.format(number, unreadable[0]), style="yellow")
    if selected and not dry_run:
        if not yes and not agree(f"{verb} {counted(len(selected), 'dead letter')}."):
            return DECLINED
        with (
            output.progress(verb, total=len(selected)) as steps,
            # Only the listed messages: others may have arrived since.
            closing(_letters(invocation, **chosen, only=selected)) as letters,
        ):
            for reading, letter in letters:
                entry = {"queue": letter.queue, "messageId": letter.message_id}
                try:
                    moved.append({**entry, "to": action(letter)})
                    reading.delete(letter)
                except OperatorError as error:
                    failed.append({**entry, "error": str(error)})
                steps.advance()
    if output.as_json:
        output.json(
            {"dryRun": dry_run, "selected": len(selected), "moved": moved, "failed": failed}
        )
    elif not selected:
        output.line("No dead letters.")
    elif dry_run:
        stay = "; messages without a target stay" if verb == REDRIVE else ""
        output.line(f"{verb} would move {len(selected)}{stay}.")
    else:
        for each in failed:
            output.line(f"Stays in {each['queue']}: {each['messageId']}: {each['error']}")
        output.line(f"{len(moved)} moved, {len(failed)} stay.")
    return 1 if failed else 0


def _read(invocation: Invocation, **chosen: Any) -> Generator[DeadLetter]:
    for _, letter in _letters(invocation, **chosen):
        yield letter


def _letters(
    invocation: Invocation,
    *,
    queue: str = "",
    ids: Sequence[str] = (),
    reason: str = "",
    limit: int = LIMIT,
    only: Sequence[DeadLetter] | None = None,
) -> Generator[tuple[Reading, DeadLetter]]:
    """Yield the chosen messages, only those in *only* if it is given.

    Messages that arrive meanwhile are not yielded.
    """
    known = None if only is None else {each.message_id for each in only}
    before_ms = int(time.time() * 1000)
    for each in queues_of(invocation.vault, queue):
        with Reading(each, limit=limit, before_ms=before_ms) as reading:
            for letter in reading:
                chosen = letter.matches(ids=frozenset(ids), reason=reason)
                if chosen and (known is None or letter.message_id in known):
                    yield reading, letter
