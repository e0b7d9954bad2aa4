"""Each check, with its actual tool, finds a planted fault of its kind and names it."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import pytest

from tests.audit.conftest import Project
from tools.audit.__main__ import run
from tools.audit.checks.registry import CHECKS
from tools.audit.stacks import Stack

CHECK = {check.name: check for check in CHECKS}
ACCESS_KEY = "AKIA" + "".join(secrets.choice(string.ascii_uppercase) for _ in range(16))
"""A text like an access key. It is made for each run, so that no file contains it."""
GPL = {"packages": {"node_modules/planted": {"license": "GPL-3.0-only"}}}


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults in files or in a stack, and the findings that the check must report."""

    reported: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    stack: str = ""
    """The fixture that plans the stack."""


PLANTED = {
    "secrets": Faults(
        ("settings.ini:3: AWS Access Key",),
        files={"settings.ini": f"[default]\nregion = eu-west-1\naccess = {ACCESS_KEY}\n"},
    ),
    "validate": Faults(
        (
            "Planted (test) resource.aws_sqs_queue.answers: error: Extraneous JSON object",
            '"visibility"',
        ),
        stack="invalid",
    ),
    "checkov": Faults(
        (
            "Planted aws_vpc_security_group_ingress_rule.ssh: CKV_AWS_24: ",
            "Planted aws_s3_bucket.open: CKV_AWS_20: ",
            "Planted aws_s3_bucket.open: CKV2_AWS_6: ",
            # A policy that the plan does not know, and a state machine without logs.
            "Planted aws_iam_role_policy.runner: CKV_AWS_289: ",
            "Planted aws_sfn_state_machine.dangling: CKV_AWS_285: ",
        ),
        stack="faulty",
    ),
    "licences": Faults(
        ("node_modules planted: its licence is GPL-3.0-only",),
        files={"package-lock.json": json.dumps(GPL)},
    ),
}
"""The faults of each check."""

See = Callable[[str], str]


@pytest.fixture(scope="module")
def see(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> See:
    """Return a function that returns a check's findings in its planted faults; results are cached."""

    @cache
    def seen(check: str) -> str:
        project, planted = Project(tmp_path_factory.mktemp(check)), PLANTED[check]
        for name, text in planted.files.items():
            project.write(name, text)
        stacks = [request.getfixturevalue(planted.stack)] if planted.stack else []
        return "\n".join(map(str, CHECK[check].find(project.audited(*stacks))))

    return seen


def test_every_check_has_planted_faults() -> None:
    assert PLANTED.keys() == CHECK.keys()


@pytest.mark.parametrize(
    ("check", "reported"),
    [(check, reported) for check, faults in PLANTED.items() for reported in faults.reported],
)
def test_a_check_finds_its_planted_faults(see: See, check: str, reported: str) -> None:
    assert reported in see(check)


def test_no_installed_package_is_a_finding(see: See) -> None:
    """They are checked together with the planted package."""
    assert ".venv" not in see("licences")


def test_an_unneeded_skip_is_a_finding(see: See) -> None:
    idle = "Planted aws_sqs_queue.answers: CKV_AWS_27 is skipped, but does not fail"
    assert idle in see("checkov")


def test_a_stack_that_cannot_be_planned_passes_no_check_of_plans(
    project: Project, invalid: Stack
) -> None:
    (found,) = run(CHECK["checkov"], project.audited(invalid))
    assert found.where == "the check itself"
    assert "Planted (test) has no plan" in found.what
