"""The arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

SetId = Annotated[
    str, typer.Argument(metavar="SET", help="The set id, as 'sgvault status' shows it.")
]
Key = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="The object's full S3 key, or its path in the set's folder; after --, it may begin"
        " with a hyphen.",
    ),
]
Attempt = Annotated[
    int | None, typer.Option("--attempt", min=1, metavar="NUMBER", help="The attempt.  [the last]")
]
Prefix = Annotated[
    str, typer.Option(metavar="TEXT", help="The file share's prefix, if it has one: team-a/")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan only; change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Apply the plan without asking.")]
