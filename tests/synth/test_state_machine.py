"""The deployed state machine: its definition is text, and its functions are references."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stacks.constructs.reconciliation_states import definition
from tests.synth.template import Synthesise, Template

MACHINE = "aws_sfn_state_machine.reconciliation"


def states_of(template: Template) -> dict[str, Any]:
    """Return the definition's states."""
    states: dict[str, Any] = json.loads(template.resource(MACHINE)["definition"])["States"]
    return states


def test_the_definition_is_that_of_the_unit_tests_with_the_settings_in_it(dev: Template) -> None:
    """So the results of the unit tests hold for it."""
    written = json.loads(dev.resource(MACHINE)["definition"])
    assert written == definition(
        iterate_arn="${aws_lambda_function.reconcile_iterator.arn}",
        check_arn="${aws_lambda_function.reconcile_check.arn}",
        verify_arn="${aws_lambda_function.verify_content.arn}",
        notify_arn="${aws_lambda_function.reconcile_notify.arn}",
        count=960,
        wait_seconds=30,
        verify_concurrency=2,
    )


def test_count_and_wait_are_settings(synthesise: Synthesise) -> None:
    """An environment for trials may use short times."""
    hurried = synthesise(reconcileCountIterations=10, reconcileWaitIterations=2)
    states = states_of(hurried)
    assert states["Configure Count"]["Result"] == {"ticker": 0, "count": 10}
    assert states["Wait"]["Seconds"] == 2


def test_amazons_validator_accepts_the_definition(
    dev: Template, root: Path, tmp_path: Path
) -> None:
    """It checks syntax, paths and transitions, as Step Functions does at the deployment."""
    validator = root / "node_modules" / ".bin" / "asl-validator"
    if not validator.exists():
        pytest.skip("asl-validator is not there: run 'make setup'")
    path = tmp_path / "definition.json"
    path.write_text(dev.resource(MACHINE)["definition"], encoding="utf-8")
    done = subprocess.run(
        [validator, "--json-path", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
