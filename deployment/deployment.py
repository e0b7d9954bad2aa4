"""Run cdktf and Terraform on synthesised stacks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployment import processes
from deployment.errors import CommandError
from deployment.explanation import COLOURS, explain
from deployment.template import Template, read_template

ROOT = Path(__file__).parents[1]
CDKTF = ROOT / "node_modules" / ".bin" / "cdktf"
PLANNED = re.compile(r"Plan: (\d+) to add")
CREATED = re.compile(r": Creation complete after")


@dataclass(frozen=True, slots=True)
class Deployment:
    """Synthesised stacks in a folder of their own, and the environment of the tools that run on them."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def output_folder(self) -> Path:
        """The folder that cdktf writes to. Each deployment has its own, so that several can run at once."""
        return self.folder / "cdktf.out"

    def stack_folder(self, stack: str) -> Path:
        """Terraform's working folder for *stack*."""
        return self.output_folder / "stacks" / stack

    def state_bucket(self, stack: str) -> str:
        """Return the name of the bucket that holds the state of *stack*."""
        return str(self.written(stack)["terraform"]["backend"]["s3"]["bucket"])

    def stacks(self) -> list[str]:
        """List the synthesised stacks in the order of their definition."""
        manifest = json.loads((self.output_folder / "manifest.json").read_text(encoding="utf-8"))
        return list(manifest["stacks"])

    def written(self, stack: str) -> Template:
        """Read the configuration of a synthesised *stack*."""
        return read_template(self.stack_folder(stack))

    def synthesise(self) -> None:
        """Write the stacks' Terraform files."""
        self.cdktf("synth")

    def deploy(self, stack: str, on_progress: Callable[[str], None] = lambda text: None) -> None:
        """Apply a synthesised *stack*; call *on_progress* with the number of resources created so far."""
        planned, created = 0, 0

        def count(line: str) -> None:
            nonlocal planned, created
            if plan := PLANNED.search(COLOURS.sub("", line)):
                planned = int(plan[1])
            created += bool(CREATED.search(line))
            if planned:
                on_progress(f"{created} of {planned} resources")

        self.cdktf(
            "deploy", stack, "--auto-approve", "--skip-synth", "--skip-provider-lock", on_line=count
        )

    def cdktf(self, *arguments: str, on_line: Callable[[str], None] = lambda line: None) -> None:
        """Run ``cdktf`` with *arguments* on this deployment.

        Raises:
            CommandError: cdktf failed; the text has the reason and the remedy.
        """
        _require_tools()
        log = self.folder / f"cdktf-{arguments[0]}.log"
        log.unlink(missing_ok=True)
        status = processes.run(
            [CDKTF, *arguments, "--output", str(self.output_folder)],
            env=self.environment,
            cwd=ROOT,
            log=log,
            on_line=on_line,
        )
        if status != 0:
            raise CommandError(explain(f"cdktf {arguments[0]}", log.read_text(errors="replace")))

    def change(
        self,
        stack: str,
        *arguments: str,
        expected: Container[int] = (0,),
        on_line: Callable[[str], None] = lambda line: None,
    ) -> int:
        """Run a ``terraform`` command that may change something, and return its exit status.

        Ctrl-C ends Terraform like an interrupt signal: it writes the state and releases the lock.

        Raises:
            CommandError: The status is not in *expected*; the text has the reason and the remedy.
        """
        log = self.folder / f"terraform-{arguments[0]}.log"
        log.unlink(missing_ok=True)
        status = processes.run(
            ["terraform", *arguments],
            env=self.environment,
            cwd=self.stack_folder(stack),
            log=log,
            on_line=on_line,
        )
        if status not in expected:
            output = log.read_text(errors="replace")
            raise CommandError(explain(f"terraform {arguments[0]}", output))
        return status

    def terraform(self, stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``terraform`` in the stack's folder, and return its status and output."""
        return subprocess.run(
            ["terraform", *arguments],
            env=self.environment,
            cwd=self.stack_folder(stack),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def checked(self, stack: str, *arguments: str, expected: Container[int] = (0,)) -> str:
        """Run ``terraform`` in the stack's folder, and return what it writes to stdout.

        Raises:
            CommandError: The status is not in *expected*; the text has the reason.
        """
        ran = self.terraform(stack, *arguments)
        if ran.returncode not in expected:
            raise CommandError(explain(f"terraform {arguments[0]}", ran.stderr or ran.stdout))
        return ran.stdout

    def plan(self, stack: str, file: str | Path, *flags: str) -> dict[str, Any]:
        """Plan an initialised *stack* into *file*, and return the plan as ``terraform show -json`` does.

        A relative *file* is below the stack's folder.

        Raises:
            CommandError: The stack cannot be planned; the text has the reason.
        """
        self.checked(stack, "plan", "-input=false", "-no-color", *flags, f"-out={file}")
        return self.shown(stack, file)

    def shown(self, stack: str, file: str | Path) -> dict[str, Any]:
        """Return the plan in *file* as ``terraform show -json`` does.

        Raises:
            CommandError: The file cannot be read; the text has the reason.
        """
        shown: dict[str, Any] = json.loads(self.checked(stack, "show", "-json", str(file)))
        return shown

    def outputs(self, stack: str) -> dict[str, Any]:
        """Return the outputs of *stack* by name."""
        shown = json.loads(self.checked(stack, "output", "-json"))
        return {name: output["value"] for name, output in shown.items()}


def _require_tools() -> None:
    if not CDKTF.exists():
        raise CommandError("cdktf is not installed: run 'make setup'.")
    if shutil.which("terraform") is None:
        raise CommandError("terraform is not on the PATH: install version 1.11 or later.")
