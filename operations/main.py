"""``sgvault``: the operator's command. This module lists the commands."""

from __future__ import annotations

import typer

from operations import checkout, dead_letters
from operations.backfill import backfill
from operations.command import add_command
from operations.explain import explain
from operations.policy import policy
from operations.reconcile import reconcile
from operations.replay import replay
from operations.report import report
from operations.show import show
from operations.smoke.command import smoke
from operations.status import status
from operations.verify import verify
from operations.watch import watch

app = typer.Typer(
    name="sgvault",
    help="Show the state of a Storage Gateway vault, and repair what it cannot repair itself.\n\n"
    "Every command takes --env, --profile, --region, --local and --json. Exit status: 0 done,"
    " 1 failed, 2 wrong usage, 130 interrupted; a command's own help lists others.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

add_command(app, "status", status, example="sgvault status --env prod")
add_command(app, "show", show, example="sgvault show 2026-11-payroll --env prod")
add_command(app, "watch", watch, example="sgvault watch 2026-11-payroll && echo complete")
add_command(app, "explain", explain, example="sgvault explain 2026-11-payroll deep/file.txt")
add_command(
    app, "report", report, example="sgvault report 2026-11-payroll --html report.html --env prod"
)
add_command(app, "verify", verify, example="sgvault verify 2026-11-payroll --env prod")
add_command(app, "policy", policy, example="sgvault policy --env prod >read-vault.json")
add_command(app, "reconcile", reconcile, example="sgvault reconcile 2026-11-payroll --env prod")
add_command(
    app, "backfill", backfill, example="sgvault backfill 2026-11-payroll --env prod --dry-run"
)
add_command(app, "replay", replay, example="sgvault replay --from 6h --env prod --dry-run")
add_command(app, "smoke", smoke, example="sgvault smoke --env dev")
add_command(app, "preflight", checkout.preflight, example="sgvault preflight --env prod")
add_command(app, "bootstrap", checkout.bootstrap, example="sgvault bootstrap --env prod")
add_command(
    app,
    "state-policy",
    checkout.state_policy,
    example="sgvault state-policy --env prod >policy.json",
)
add_command(
    app, "deploy-policy", checkout.deploy_policy, example="sgvault deploy-policy --env prod"
)

LETTERS = "Messages that could not be delivered or handled: list, show, redrive, set aside."
letters = typer.Typer(
    help=LETTERS,
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(letters, name="dead-letters", short_help=LETTERS)
for name, function, example in (
    ("list", dead_letters.list_, "--queue records"),
    ("show", dead_letters.show, "8f1d5a0e-7a4e-4f57-9c36-6a3f4f6d1c11"),
    ("redrive", dead_letters.redrive, "--reason Throttling --rate 5 --dry-run"),
    ("set-aside", dead_letters.set_aside, "--queue uploads --why 'Sent by a test'"),
):
    add_command(letters, name, function, example=f"sgvault dead-letters {name} {example}")


def main() -> None:
    """Run the command line."""
    app(prog_name="sgvault")
