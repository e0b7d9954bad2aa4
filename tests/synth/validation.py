"""Terraform's own validation of a configuration."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deployment.terraform import find_mirror, prepare

LOCK = ".terraform.lock.hcl"


class Validation:
    """Terraform with a provider that is installed once for all validations, as it has 700 MB.

    Validation needs no account and no state. Without Terraform, or without a source of the
    provider, the test is skipped.
    """

    def __init__(self, folder: Path) -> None:
        if shutil.which("terraform") is None:
            pytest.skip("terraform is not on PATH")
        self._lock = folder / LOCK
        self._environment = prepare(folder / "terraform.rc") | {"TF_DATA_DIR": str(folder / "data")}

    def diagnostics(self, configuration: Path) -> list[dict[str, Any]]:
        """Return every error and warning; the folder gets a lock file."""
        if self._lock.exists():
            shutil.copy(self._lock, configuration)
        else:
            self._install(configuration)
        reported = json.loads(self._terraform(configuration, "validate", "-json").stdout)
        found: list[dict[str, Any]] = reported["diagnostics"]
        assert reported["valid"] or found
        return found

    def tested(self, configuration: Path) -> dict[str, str]:
        """Run the tests in *configuration*, and return the errors of each run by its name.

        https://developer.hashicorp.com/terraform/internals/machine-readable-ui#test-results
        """
        self.diagnostics(configuration)
        lines = self._terraform(configuration, "test", "-json").stdout.splitlines()
        messages = [json.loads(line) for line in lines]
        found = {each["test_run"]["run"]: "" for each in messages if each["type"] == "test_run"}
        for each in messages:
            if each["type"] == "diagnostic":
                found[each["@testrun"]] += json.dumps(each["diagnostic"])
        return found

    def _install(self, configuration: Path) -> None:
        begun = self._terraform(configuration, "init", "-backend=false", "-input=false")
        if begun.returncode and find_mirror(os.environ) is None:
            pytest.skip(
                f"No mirror has the AWS provider, nor is the registry there: {begun.stderr}"
            )
        assert begun.returncode == 0, begun.stderr
        shutil.copy(configuration / LOCK, self._lock)

    def _terraform(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
