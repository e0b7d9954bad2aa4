"""A project in which each check has a fault to find, planned once for all tests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deployment.template import template_path
from tools.audit.audited import Audited
from tools.audit.stacks import Stack, deployment, local_aws, plan_all

ROLE = "${aws_iam_role.runner.name}"
DANGLING = {
    "StartAt": "Ask",
    "States": {
        "Ask": {"Type": "Task", "Resource": "${aws_sqs_queue.answers.arn}", "Next": "Nowhere"},
        "Done": {"Type": "Succeed"},
    },
}
FAULTY: dict[str, Any] = {
    "provider": {"aws": [{}]},
    "terraform": {
        "backend": {"local": {}},
        "required_providers": {"aws": {"source": "aws", "version": "5.100.0"}},
    },
    "data": {
        "aws_iam_policy_document": {
            "trust": {
                "statement": [
                    {
                        "actions": ["sts:AssumeRole"],
                        "principals": [{"type": "Service", "identifiers": ["ec2.amazonaws.com"]}],
                    }
                ]
            },
            "runner": {
                "statement": [
                    {"actions": ["iam:PassRole"], "resources": ["*"]},
                    # Because of it, the plan does not know the document.
                    {"actions": ["sqs:SendMessage"], "resources": ["${aws_sqs_queue.answers.arn}"]},
                ]
            },
        }
    },
    "resource": {
        "aws_iam_role": {
            "runner": {"assume_role_policy": "${data.aws_iam_policy_document.trust.json}"}
        },
        "aws_iam_role_policy": {
            "runner": {"role": ROLE, "policy": "${data.aws_iam_policy_document.runner.json}"}
        },
        "aws_s3_bucket": {"open": {"bucket_prefix": "open-"}},
        "aws_s3_bucket_acl": {"open": {"bucket": "${aws_s3_bucket.open.id}", "acl": "public-read"}},
        "aws_security_group": {"open": {"description": "Open"}},
        "aws_sfn_state_machine": {
            "dangling": {
                "role_arn": "${aws_iam_role.runner.arn}",
                "definition": json.dumps(DANGLING),
            }
        },
        "aws_sqs_queue": {
            "answers": {
                "sqs_managed_sse_enabled": True,
                "//": {"skip": {"CKV_AWS_27": "it is encrypted"}},
            }
        },
        "aws_vpc_security_group_ingress_rule": {
            "ssh": {
                "security_group_id": "${aws_security_group.open.id}",
                "cidr_ipv4": "0.0.0.0/0",
                "ip_protocol": "tcp",
                "from_port": 22,
                "to_port": 22,
            }
        },
    },
}
INVALID: dict[str, Any] = {
    **{key: FAULTY[key] for key in ("provider", "terraform")},
    "resource": {"aws_sqs_queue": {"answers": {"visibility": "${aws_sqs_queue.other.arn}"}}},
}


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Return a stack that Terraform accepts but that breaks the policies."""
    return planned(tmp_path_factory.mktemp("faulty"), FAULTY)


@pytest.fixture(scope="session")
def invalid(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Return a stack that Terraform does not accept."""
    return planned(tmp_path_factory.mktemp("invalid"), INVALID)


def planned(folder: Path, written: dict[str, Any]) -> Stack:
    with local_aws(folder) as where:
        made = deployment(where, folder, "test")
        path = template_path(made.stack_folder("Planted"))
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(written))
        (made.output_folder / "manifest.json").write_text(json.dumps({"stacks": {"Planted": {}}}))
        (stack,) = plan_all(where, {"test": made})
    return stack


class Project:
    """A folder under git, with or without stacks."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.root.mkdir()
        self._scratch = folder / "scratch"
        self._scratch.mkdir()
        subprocess.run(["git", "init", "--quiet"], cwd=self.root, check=True)
        self.write("package-lock.json", json.dumps({"packages": {}}))

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text)

    def audited(self, *stacks: Stack) -> Audited:
        found: Sequence[Stack] = stacks
        return Audited(self.root, self._scratch, lambda: found)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
