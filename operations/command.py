"""Define a command with its common options, its errors and its exit status."""

from __future__ import annotations

import inspect
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from operations.aws_environment import Choice
from operations.errors import OperatorError
from operations.output import Output
from operations.vault import Vault, find_vault

INTERRUPTED = 130
DECLINED = 1
ENVIRONMENT = "Where"
COMMON = {
    "env": Annotated[
        str | None,
        typer.Option(
            "--env",
            metavar="NAME",
            help="The environment.  [VAULT_ENV, or dev]",
            rich_help_panel=ENVIRONMENT,
        ),
    ],
    "profile": Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="A profile of AWS's configuration.", rich_help_panel=ENVIRONMENT
        ),
    ],
    "region": Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The AWS region.  [stacksRegion of a checkout, or AWS_REGION]",
            rich_help_panel=ENVIRONMENT,
        ),
    ],
    "local": Annotated[
        bool,
        typer.Option(
            "--local", help="The system that 'make local-up' runs.", rich_help_panel=ENVIRONMENT
        ),
    ],
    "json": Annotated[
        bool, typer.Option("--json", help="Print JSON: docs/sgvault.md has the fields.")
    ],
}


@dataclass
class Invocation:
    """One run of a command: the AWS that it uses, and its output."""

    choice: Choice
    output: Output

    @cached_property
    def vault(self) -> Vault:
        """The environment's names and ARNs; on first use, stderr shows the environment."""
        vault = find_vault(self.choice.environment_name)
        self.output.remark(
            f"{vault.environment_name} · account {vault.account_id} · {vault.region}", style="dim"
        )
        return vault


def program(called: str) -> str:
    """Return ``sgvault``, or the path by which it is *called* if the shell does not find it."""
    found = Path(called).name != "sgvault" or called == shutil.which("sgvault")
    return "sgvault" if found else shlex.quote(called)


def agree(plan: str) -> bool:
    """Show *plan* on stderr, and return whether the user approves it.

    Raises:
        OperatorError: Standard input is not a terminal.
    """
    print(plan, file=sys.stderr)
    if not sys.stdin.isatty():
        raise OperatorError(
            "Nothing was done: there is no terminal to ask for approval on. Add --yes to approve"
            " (YES=1 with make)."
        )
    print("Continue? Type 'yes' to approve: ", end="", flush=True, file=sys.stderr)
    approved = sys.stdin.readline().strip() == "yes"
    if not approved:
        print("Nothing was done.", file=sys.stderr)
    return approved


def add_command(
    app: typer.Typer, name: str, function: Callable[..., int | None], *, example: str
) -> None:
    """Add *function*, whose first parameter is an Invocation, to *app*.

    Its docstring is the help; it returns the exit status, or None for 0.
    """
    signature = inspect.signature(function, eval_str=True)
    own = list(signature.parameters.values())[1:]
    common = [
        inspect.Parameter(
            option,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if option in ("local", "json") else None,
            annotation=annotation,
        )
        for option, annotation in COMMON.items()
    ]

    def run(**values: Any) -> None:
        chosen = {option: values.pop(option) for option in COMMON}
        raise typer.Exit(_status(function, chosen, values))

    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own] + common
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    help_text = f"{inspect.getdoc(function)}\n\n\b\nExample:\n  {example}"
    app.command(name, help=help_text, short_help=help_text.partition("\n")[0])(run)


def _status(function: Callable[..., int | None], chosen: dict[str, Any], values: Any) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    choice = Choice(
        environment=chosen["env"],
        profile=chosen["profile"],
        region=chosen["region"],
        local=chosen["local"],
    )
    output = Output(
        as_json=chosen["json"],
        program=program(sys.argv[0]),
        flags=choice.flags,
        aws=choice.aws,
    )
    try:
        choice.apply()
        return function(Invocation(choice, output), **values) or 0
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # else Python prints an error at exit
        return 1
    except KeyboardInterrupt:
        output.remark("Interrupted: nothing is lost; run the command again to continue.")
        return INTERRUPTED
    except (OperatorError, BotoCoreError, ClientError) as error:
        output.remark(_sentence(error, choice), style="red")
        return 1


OR_LOCAL = "or add --local for the system that 'make local-up' runs."


def _sentence(error: Exception, choice: Choice) -> str:
    """Return the error and its remedy."""
    if isinstance(error, NoRegionError):
        return f"No region is configured: add --region, set the variable AWS_REGION, {OR_LOCAL}"
    if isinstance(error, NoCredentialsError):
        return f"There are no AWS credentials: add --profile, sign in with the AWS CLI, {OR_LOCAL}"
    if isinstance(error, BotoCoreError) and choice.local:
        return f"{error} Is the local system running? 'make local-up' starts one."
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if "AccessDenied" in code or "Unauthorized" in code:
            return (
                f"{error} 'sgvault policy' prints the permissions that the reading commands need."
            )
    return str(error)
