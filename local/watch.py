"""Follow one set until its outcome is announced."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars

from deployment.errors import CommandError
from local.outcomes import Event, OutcomeSubscription
from local.set_progress import ProgressReader, SetProgress

LOOK_SECONDS = 0.5
LOOK_SHARE_OF_TIME = 0.2  # a look at a large set uses time of the system itself
LONGEST_PAUSE_SECONDS = 30.0
LINE_SECONDS = 2.0

Show = Callable[[SetProgress], None]


@dataclass(slots=True)
class Watched:
    """The outcome, and the seconds from the beginning until each step was complete."""

    event: Event
    seconds: dict[str, float] = field(default_factory=dict)


def watch(
    outcomes: OutcomeSubscription,
    reader: ProgressReader,
    *,
    uploads: int,
    console: Console,
    patience_seconds: float = 300.0,
) -> Watched:
    """Show the progress of a set of *uploads* objects until its outcome arrives, and return the outcome.

    Raises:
        CommandError: Nothing changed for *patience_seconds*.
    """
    started = changed = time.monotonic()
    seconds: dict[str, float] = {}
    last: SetProgress | None = None
    with _shown(console, uploads) as show:
        while True:
            elapsed = time.monotonic() - started
            progress = reader.read()
            show(progress)
            if progress != last:
                last, changed = progress, time.monotonic()
            elif time.monotonic() - changed > patience_seconds:
                break
            for name, count in (("upload", progress.uploaded), ("record", progress.recorded)):
                if count >= uploads:
                    seconds.setdefault(name, elapsed)
            event = outcomes.receive()
            if event and reader.is_of_this_delivery(event["detail"]):
                show(reader.read())
                seconds["reconcile"] = time.monotonic() - started
                return Watched(event, seconds)
            looked = time.monotonic() - started - elapsed
            pause = max(LOOK_SECONDS - looked, looked / LOOK_SHARE_OF_TIME - looked)
            time.sleep(min(pause, LONGEST_PAUSE_SECONDS))
    raise CommandError(
        f"Nothing changed for {patience_seconds:.0f} s, and no outcome was announced: see endpoint.log"
        " in the folder of the system (.local/system after 'make local-up') for the reason."
    )


@contextmanager
def _shown(console: Console, uploads: int) -> Iterator[Show]:
    """Show progress as bars on a terminal, and as occasional lines elsewhere."""
    if not console.is_terminal:
        yield _as_lines(console, uploads)
        return
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Bars(*columns, console=console) as bars:
        uploaded = bars.add_task("uploaded", total=uploads, note="")
        recorded = bars.add_task("recorded", total=uploads, note="")
        reconciled = bars.add_task("reconciled", total=None, note="waits for the manifest")

        def show(progress: SetProgress) -> None:
            for task, count in ((uploaded, progress.uploaded), (recorded, progress.recorded)):
                bars.update(task, completed=count, note=f"{count}/{uploads}")
            if progress.state:
                bars.update(reconciled, note=_note(progress))
            if progress.state == "Done":
                bars.update(reconciled, total=1, completed=1)

        yield show


def _as_lines(console: Console, uploads: int) -> Show:
    last: tuple[SetProgress | None, float] = (None, 0.0)

    def show(progress: SetProgress) -> None:
        nonlocal last
        now = time.monotonic()
        if progress == last[0] or (now - last[1] < LINE_SECONDS and progress.state != "Done"):
            return
        last = (progress, now)
        note = _note(progress) if progress.state else "not begun"
        counts = f"uploaded {progress.uploaded}/{uploads}, recorded {progress.recorded}/{uploads}"
        console.print(
            f"{counts}, reconciled: {note}", highlight=False, markup=False, soft_wrap=True
        )

    return show


def _note(progress: SetProgress) -> str:
    waits = progress.stands_at and progress.state != "Done"
    stands_at = f", last check stopped at {progress.stands_at}" if waits else ""
    return f"iteration {progress.iterations}, {progress.state}{stands_at}"
