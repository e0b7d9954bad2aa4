"""The progress of a command: one line for each phase, with its seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text


class Phases:
    """Shows phases as they run, on a terminal with a spinner, and adds up their seconds."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(quiet=True)
        self.seconds: dict[str, float] = {}

    def say(self, text: str) -> None:
        """Print one line without markup."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def phase(self, name: str, doing: str) -> Iterator[Callable[[str], None]]:
        """Time the body as *name*; the yielded function shows a few words on its progress."""
        started = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(doing) as status:
                yield lambda how_far: status.update(f"{doing}: {how_far}")
            self.say(f"{doing}: {time.monotonic() - started:.1f} s")
        else:
            self.console.print(f"{doing}: ", end="", highlight=False)
            try:
                yield lambda how_far: None
            finally:
                self.say(f"{time.monotonic() - started:.1f} s")
        self.took(name, time.monotonic() - started)

    @contextmanager
    def lines(self, name: str, doing: str) -> Iterator[Callable[[str], None]]:
        """Time the body as *name*; the yielded function prints a line of its output."""
        started = time.monotonic()
        self.say(f"{doing}:")
        yield lambda line: self.say(f"  {line}")
        self.say(f"  {time.monotonic() - started:.1f} s")
        self.took(name, time.monotonic() - started)

    def took(self, name: str, seconds: float) -> None:
        """Add *seconds* to the time of phase *name*."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def print_seconds(self) -> None:
        """Print the seconds of all phases."""
        table = Table("where the time went", "seconds", box=None, header_style="bold")
        table.columns[1].justify = "right"
        for name, seconds in self.seconds.items():
            table.add_row(Text(name), f"{seconds:.1f}")
        table.add_row("together", f"{sum(self.seconds.values()):.1f}", style="bold")
        self.console.print(table)
