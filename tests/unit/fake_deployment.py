"""Synthesised stacks with a fake Terraform."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

from deployment.deployment import Deployment


class FakeDeployment(Deployment):
    """A deployment whose Terraform returns a plan or an error for each stack."""

    plans: dict[str, Any]
    ran: list[list[str]]

    def terraform(self, stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run nothing."""
        self.ran.append([stack, *arguments])
        plan = self.plans[stack]
        if isinstance(plan, str) and arguments[0] == "plan":
            return subprocess.CompletedProcess([], 1, "", plan)
        shows = arguments[0] == "show"
        return subprocess.CompletedProcess([], 0, json.dumps(plan) if shows else "", "")

    def change(
        self,
        stack: str,
        *arguments: str,
        expected: Container[int] = (0,),
        on_line: Callable[[str], None] = lambda line: None,
    ) -> int:
        """Change nothing."""
        self.ran.append([stack, *arguments])
        return 0


def synthesised(folder: Path, **plans: Any) -> FakeDeployment:
    fake = FakeDeployment(folder, {})
    object.__setattr__(fake, "plans", plans)
    object.__setattr__(fake, "ran", [])
    fake.output_folder.mkdir()
    (fake.output_folder / "manifest.json").write_text(json.dumps({"stacks": plans}))
    return fake
