"""``sgvault``: the operator's command. This module lists the commands."""

from __future__ import annotations

import typer

from operations import checkout
from operations.command import add_command
from operations.reconcile import reconcile

app = typer.Typer(
    name="sgvault",
    help="See what a Storage Gateway vault does, and mend what it cannot mend itself.\n\n"
    "Every command takes --env, --profile, --region, --local and --json. Exit status: 0 done,"
    " 1 failed, 2 wrong usage, 130 interrupted; other numbers stand in the command's own help.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

add_command(app, "reconcile", reconcile, example="sgvault reconcile 2026-11-payroll --env prod")
add_command(app, "bootstrap", checkout.bootstrap, example="sgvault bootstrap --env prod")
add_command(
    app,
    "state-policy",
    checkout.state_policy,
    example="sgvault state-policy --env prod >policy.json",
)


def main() -> None:
    """Run the command line."""
    app(prog_name="sgvault")
