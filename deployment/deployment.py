"""Synthesise the stacks, and run Terraform on them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployment import processes
from deployment.errors import CommandError
from deployment.explanation import explain
from deployment.template import Template, read_template

ROOT = Path(__file__).parents[1]
PLANNED = re.compile(r"Plan: (\d+) to add")
CREATED = re.compile(r": Creation complete after")


@dataclass(frozen=True, slots=True)
class Deployment:
    """Synthesised stacks in a folder of their own, and the environment variables of the tools for them."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def output_folder(self) -> Path:
        """The folder of the synthesised files, of this deployment alone: several can run at once."""
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
        """Write the stacks' Terraform files, as ``make synth`` does.

        Raises:
            CommandError: The settings cannot be used, or Terraform is missing; the text has the remedy.
        """
        if shutil.which("terraform") is None:
            raise CommandError("terraform is not on the PATH: install version 1.11 or later.")
        self._run(
            "python main.py",
            [sys.executable, "main.py"],
            cwd=ROOT,
            env={**self.environment, "CDKTF_OUTDIR": str(self.output_folder)},
        )

    def initialise(self, stack: str) -> None:
        """Prepare Terraform's working folder of a synthesised *stack*: its backend and its provider.

        Raises:
            CommandError: The state's bucket or the provider is not there; the text has the remedy.
        """
        self.checked(stack, "init", "-input=false", "-no-color")

    def deploy(self, stack: str, on_progress: Callable[[str], None] = lambda text: None) -> None:
        """Apply a synthesised *stack*; call *on_progress* with the number of resources created so far.

        Raises:
            CommandError: Terraform failed; the text has the reason and the remedy.
        """
        planned, created = 0, 0

        def count(line: str) -> None:
            nonlocal planned, created
            if plan := PLANNED.search(line):
                planned = int(plan[1])
            created += bool(CREATED.search(line))
            if planned:
                on_progress(f"{created} of {planned} resources")

        self.initialise(stack)
        self.change(stack, "apply", "-auto-approve", "-input=false", "-no-color", on_line=count)

    def apply(
        self, stack: str, plan: Path, on_line: Callable[[str], None] = lambda line: None
    ) -> None:
        """Apply exactly the saved *plan*; Terraform refuses it if the state has changed since.

        Raises:
            CommandError: Terraform failed; the text has the reason and the remedy.
        """
        self.change(stack, "apply", "-input=false", "-no-color", str(plan), on_line=on_line)

    def change(
        self,
        stack: str,
        *arguments: str,
        expected: Container[int] = (0,),
        on_line: Callable[[str], None] = lambda line: None,
    ) -> int:
        """Run a ``terraform`` command that may change something, and return its exit status.

        Ctrl-C waits until Terraform has ended the operations that have begun, written its state and
        released the lock. A second Ctrl-C ends it within seconds, and can lose the state.

        Raises:
            CommandError: The status is not in *expected*; the text has the reason and the remedy.
        """
        return self._run(
            f"terraform {arguments[0]}",
            ["terraform", *arguments],
            cwd=self.stack_folder(stack),
            env=self.environment,
            expected=expected,
            on_line=on_line,
            patient=True,
        )

    def _run(
        self,
        name: str,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        expected: Container[int] = (0,),
        on_line: Callable[[str], None] = lambda line: None,
        patient: bool = False,
    ) -> int:
        """Run *command*, keep its output in a log of this *name*, and return its exit status."""
        log = self.folder / f"{name.replace(' ', '-')}.log"
        log.unlink(missing_ok=True)
        status = processes.run(command, env=env, cwd=cwd, log=log, on_line=on_line, patient=patient)
        if status not in expected:
            raise CommandError(explain(name, log.read_text(errors="replace")))
        return status

    def terraform(self, stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``terraform`` in the stack's folder, and return its status and output."""
        return processes.captured(
            ["terraform", *arguments], env=self.environment, cwd=self.stack_folder(stack)
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
