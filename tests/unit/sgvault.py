"""Run ``sgvault`` in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from operations.main import app
from tests.unit.documented_json import check_documented


@dataclass(frozen=True, slots=True)
class Ran:
    """The result of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return standard output as parsed JSON."""
        return json.loads(self.out)


def sgvault(*arguments: str, typed: str = "") -> Ran:
    """Run a command without a terminal; the output of ``--json`` must be as documented."""
    result = CliRunner().invoke(app, arguments, input=typed, prog_name="sgvault")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    ran = Ran(result.exit_code, result.stdout, result.stderr)
    if "--json" in arguments and ran.out.startswith(("{\n", "[\n")):
        check_documented(_command(arguments), ran.json)
    return ran


def _command(arguments: tuple[str, ...]) -> str:
    """Return the command, with the subcommand of *dead-letters*."""
    return " ".join(arguments[: 2 if arguments[0] == "dead-letters" else 1])
