"""Each check fails on a fault of its kind, and names it: the tools themselves are asked."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from audit.__main__ import run
from audit.checks.registry import CHECKS
from audit.finding import Finding
from audit.stacks import Stack
from tests.audit.conftest import Project

CHECK = {check.name: check for check in CHECKS}


def told(findings: Iterable[Finding]) -> str:
    return "\n".join(map(str, findings))


@pytest.fixture(scope="module")
def seen_by_checkov(tmp_path_factory: pytest.TempPathFactory, faulty: Stack) -> str:
    project = Project(tmp_path_factory.mktemp("checkov"))
    return told(CHECK["checkov"].find(project.audited(faulty)))


@pytest.mark.parametrize(
    ("rule", "address"),
    [
        ("CKV_AWS_24", "aws_vpc_security_group_ingress_rule.ssh"),
        ("CKV_AWS_20", "aws_s3_bucket.open"),
        ("CKV2_AWS_6", "aws_s3_bucket.open"),
        ("CKV_AWS_289", "aws_iam_role_policy.runner"),
        ("CKV_AWS_285", "aws_sfn_state_machine.dangling"),
    ],
)
def test_checkov_sees_an_open_port_an_open_bucket_and_a_policy_that_no_plan_knows(
    seen_by_checkov: str, rule: str, address: str
) -> None:
    assert f"Planted {address}: {rule}: " in seen_by_checkov


def test_a_skip_that_nothing_needs_is_a_finding(seen_by_checkov: str) -> None:
    idle = "Planted aws_sqs_queue.answers: CKV_AWS_27 is skipped, but does not fail"
    assert idle in seen_by_checkov


def test_cloudsplaining_sees_a_role_that_may_be_handed_to_anybody(
    project: Project, faulty: Stack
) -> None:
    (found, *_) = CHECK["cloudsplaining"].find(project.audited(faulty))
    assert (
        str(found) == "Planted aws_iam_role_policy.runner: InfrastructureModification: iam:PassRole"
    )


def test_the_validator_sees_a_state_that_leads_nowhere(project: Project, faulty: Stack) -> None:
    findings = told(CHECK["states"].find(project.audited(faulty)))
    assert "aws_sfn_state_machine.dangling: MISSING_TRANSITION_TARGET" in findings
    assert "Nowhere" in findings


def test_terraform_sees_an_argument_that_no_resource_has(project: Project, invalid: Stack) -> None:
    findings = told(CHECK["validate"].find(project.audited(invalid)))
    assert (
        "Planted (test) resource.aws_sqs_queue.answers: error: Extraneous JSON object" in findings
    )
    assert '"visibility"' in findings


def test_a_stack_that_cannot_be_planned_passes_no_check_of_plans(
    project: Project, invalid: Stack
) -> None:
    (found,) = run(CHECK["checkov"], project.audited(invalid))
    assert found.where == "the check itself"
    assert "Planted (test) has no plan" in found.what


def test_shellcheck_sees_an_unquoted_variable(project: Project) -> None:
    project.write("clean-up.sh", "#!/usr/bin/env bash\nrm -r $1\n")
    project.write("run", "#!/bin/sh\necho ok\n")
    (found,) = CHECK["shellcheck"].find(project.audited())
    assert found.where == "clean-up.sh:2"
    assert found.what.startswith("SC2086: Double quote")


def test_detect_secrets_sees_an_access_key(project: Project, access_key: str) -> None:
    project.write("settings.ini", f"[default]\nregion = eu-west-1\naccess = {access_key}\n")
    assert Finding("settings.ini:3", "AWS Access Key") in set(
        CHECK["secrets"].find(project.audited())
    )


def test_a_package_under_the_gpl_is_seen_among_those_that_are_installed(project: Project) -> None:
    lock = {"packages": {"node_modules/planted": {"license": "GPL-3.0-only"}}}
    project.write("package-lock.json", json.dumps(lock))
    found = set(CHECK["licences"].find(project.audited()))
    assert Finding("node_modules planted", "its licence is GPL-3.0-only") in found
    assert not {each for each in found if each.where.startswith(".venv")}


def test_every_check_has_a_fault_planted_for_it() -> None:
    assert set(CHECK) == {
        "shellcheck",
        "secrets",
        "validate",
        "checkov",
        "cloudsplaining",
        "states",
        "licences",
    }
