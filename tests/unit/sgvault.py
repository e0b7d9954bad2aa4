"""Run ``sgvault`` in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from operations.main import app


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
    """Run a command without a terminal."""
    result = CliRunner().invoke(app, arguments, input=typed, prog_name="sgvault")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)
