"""Each check fails on a fault of its kind, and names it: the tools themselves are asked."""

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
"""What looks like an access key; made anew each time, it is in no file of ours."""
GPL = {"packages": {"node_modules/planted": {"license": "GPL-3.0-only"}}}


@dataclass(frozen=True, slots=True)
class Faults:
    """What a check must see, in files or in a stack, and what it says of that."""

    reported: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    stack: str = ""
    """The fixture that plans it."""


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
            # A policy that no plan knows, and a state machine without logs.
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
"""For each check the faults of its kind."""

See = Callable[[str], str]


@pytest.fixture(scope="module")
def see(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> See:
    """Return a function that says what a check finds where its faults are planted; it looks once."""

    @cache
    def seen(check: str) -> str:
        project, planted = Project(tmp_path_factory.mktemp(check)), PLANTED[check]
        for name, text in planted.files.items():
            project.write(name, text)
        stacks = [request.getfixturevalue(planted.stack)] if planted.stack else []
        return "\n".join(map(str, CHECK[check].find(project.audited(*stacks))))

    return seen


def test_every_check_has_faults_planted_for_it() -> None:
    assert PLANTED.keys() == CHECK.keys()


@pytest.mark.parametrize(
    ("check", "reported"),
    [(check, reported) for check, faults in PLANTED.items() for reported in faults.reported],
)
def test_a_check_sees_what_is_planted_for_it(see: See, check: str, reported: str) -> None:
    assert reported in see(check)


def test_no_package_that_is_installed_is_a_finding(see: See) -> None:
    """They are looked at with the planted one."""
    assert ".venv" not in see("licences")


def test_a_skip_that_nothing_needs_is_a_finding(see: See) -> None:
    idle = "Planted aws_sqs_queue.answers: CKV_AWS_27 is skipped, but does not fail"
    assert idle in see("checkov")


def test_a_stack_that_cannot_be_planned_passes_no_check_of_plans(
    project: Project, invalid: Stack
) -> None:
    (found,) = run(CHECK["checkov"], project.audited(invalid))
    assert found.where == "the check itself"
    assert "Planted (test) has no plan" in found.what
