"""Output of a command: results on stdout, progress, hints and errors on stderr.

Colours and the width apply on a terminal only; in a pipe, lines are never wrapped.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from operations.safe_text import message

PIPE_COLUMNS = 10_000
"""Wider than any line, so that nothing is wrapped in a pipe."""


class Output:
    """The two streams of a command; with *as_json*, stdout contains only JSON.

    *program* is ``sgvault`` as the user called it, and *flags* are the options of the place that the
    user gave; each printed command repeats them. *aws* does the same for arguments of ``aws``.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        program: str = "sgvault",
        flags: str = "",
        aws: Callable[[str], str] = "aws {}".format,
    ) -> None:
        self.as_json = as_json
        self._program = program
        self._flags = flags
        self._aws = aws
        self._results = _console(sys.stdout)
        self._remarks = _console(sys.stderr)

    def json(self, value: Any) -> None:
        """Print *value* as a JSON document."""
        print(json.dumps(value, ensure_ascii=False, indent=2), flush=True)

    def json_line(self, value: Any) -> None:
        """Print *value* as one line of JSON."""
        print(json.dumps(value, ensure_ascii=False), flush=True)

    def line(self, text: str = "", *, style: str = "") -> None:
        """Print a line of the result; only a terminal wraps it."""
        self._results.print(Text(message(text), style=style))

    def command(self, text: str) -> str:
        """Return *text* with program and place, if it is a command of ``sgvault`` or ``aws``."""
        name, space, arguments = text.partition(" ")
        if name == "aws":
            return self._aws(arguments)
        return f"{self._program}{space}{arguments}{self._flags}" if name == "sgvault" else text

    def next(self, command: str) -> None:
        """Print the command that comes next."""
        self._unbroken(f"Next: {self.command(command)}")

    def remedies(self, remedies: Iterable[Iterable[str]]) -> None:
        """Print alternatives, each of which is a list of commands in their order."""
        steps = ("\nthen\n".join(f"  {each}" for each in commands) for commands in remedies)
        self._unbroken("\nor\n".join(steps))

    def _unbroken(self, text: str) -> None:
        """Print lines with commands without wrapping: a wrapped one that is copied would be two commands."""
        self._results.print(Text(message(text)), soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table without the columns that are empty in all rows; without rows, print nothing.

        A heading that ends in a space marks a column of numbers.
        """
        rows = list(rows)
        if not rows:
            return
        filled = [any(cells) for cells in zip(*rows, strict=True)]
        columns = list(compress(columns, filled))
        rows = [list(compress(row, filled)) for row in rows]
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(
                Text(column.strip()),
                justify="right" if column.endswith(" ") else "left",
                overflow="fold",
            )
        for row in rows:
            table.add_row(*(Text(message(cell)) for cell in row))
        self._print(table)

    def facts(self, facts: Mapping[str, str]) -> None:
        """Print names and values in two columns."""
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        for name, value in facts.items():
            table.add_row(Text(name), Text(message(value)))
        self._print(table)

    def _print(self, table: Table) -> None:
        """Print a table; in a pipe, without trailing spaces."""
        if self._results.is_terminal:
            self._results.print(table)
            return
        with self._results.capture() as lines:
            self._results.print(table)
        for line in lines.get().splitlines():
            print(line.rstrip())

    def remark(self, text: str, *, style: str = "") -> None:
        """Print a line on stderr about the present step or the next one.

        A command in single quotes gets program and flags.
        """
        text = re.sub(
            r"'(sgvault [^']+)'", lambda found: f"'{self.command(found[1])}'", message(text)
        )
        self._remarks.print(Text(text, style=style))

    @contextmanager
    def progress(self, text: str, total: int | None = None) -> Iterator[Steps]:
        """Show the progress of a command as a bar, on a terminal only."""
        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
        with Progress(
            *columns,
            TimeElapsedColumn(),
            console=self._remarks,
            transient=True,
            redirect_stdout=False,  # else rich prints the results on stderr
            disable=not self._remarks.is_terminal,
        ) as progress:
            yield Steps(progress, progress.add_task(text, total=total))


class Steps:
    """A progress bar that counts up."""

    def __init__(self, progress: Progress, task: Any) -> None:
        self._progress = progress
        self._task = task

    def advance(self, number: int = 1) -> None:
        """Add *number* to the count."""
        self._progress.advance(self._task, number)


def _console(stream: Any) -> Console:
    if isinstance(stream, io.TextIOWrapper):  # a terminal without UTF-8 shows escapes
        stream.reconfigure(errors="backslashreplace")
    width = None if stream.isatty() else PIPE_COLUMNS
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)
