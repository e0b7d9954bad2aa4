"""The gateway's client on this machine: its configuration file and the unmodified scripts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployment import processes
from deployment.errors import CommandError

SCRIPTS = Path(__file__).parents[1] / "scripts"
MESSAGE_LINES = 20


@dataclass(frozen=True, slots=True)
class GatewayClient:
    """Runs scripts in *environment*; *folder* contains its files."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def configuration(self) -> Path:
        """The file that every script reads."""
        return self.folder / "client.conf"

    def configure(self, text: str, changes: Mapping[str, str]) -> None:
        """Write the configuration *text*, with *changes* for this machine."""
        self.configuration.write_text(configured(text, changes), encoding="utf-8")

    def run(
        self, script: str, *arguments: str, on_line: Callable[[str], None] | None = None
    ) -> None:
        """Run *script*, and call *on_line* with each line of its output.

        Raises:
            CommandError: The script failed. Without *on_line*, the text has its last lines.
        """
        lines: list[str] = []

        status = processes.run(
            [SCRIPTS / script, *arguments],
            env={
                **self.environment,
                "VAULT_CLIENT_CONF": str(self.configuration),
                "VAULT_STATE_FOLDER": str(self.folder / "client-state"),
                "VAULT_PYTHON": sys.executable,  # it has awscrt
            },
            cwd=self.folder,
            log=self.folder / f"{script}.log",
            on_line=on_line or lines.append,
        )
        if status != 0:
            ended = f"scripts/{script} ended with status {status}"
            raise CommandError(
                f"{ended}: the reason is printed above."
                if on_line
                else "\n".join([f"{ended}:", *lines[-MESSAGE_LINES:]])
            )


def configured(text: str, changes: Mapping[str, str]) -> str:
    """Return the lines ``KEY=value`` of *text* with *changes*; changed keys are at the end."""
    kept = [line for line in text.splitlines() if line.partition("=")[0] not in changes]
    return "".join(f"{line}\n" for line in [*kept, *(f"{k}={v}" for k, v in changes.items())])
