"""Terraform's state: the bucket from the bootstrap, its locks, and its permissions.

The tests have their own endpoint, which refuses requests that no policy allows.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployment.deployment import Deployment
from deployment.template import read_template
from deployment.terraform import prepare
from local.aws_environment import Endpoint, pointed_at
from local.clients import client
from local.emulator.endpoint_process import EndpointOptions, start
from operations.state_policy import state_policy
from stacks.settings import read_settings
from tests.integration.deployer import deployer as deployer_of_all_stacks
from tests.integration.deployer import user_of
from tests.integration.driver import eventually
from tests.integration.recording import recorded
from tools.recorded_requests.violations import violations_of

ROOT = Path(__file__).parents[2]
STACK = "StateBackendStack"
BUCKET = "vault-local-terraform-state-123456789012"
STATE = f"local/{STACK}.tfstate"
STATUS_OF_CTRL_C = 130


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with Terraform's configuration, and the credentials for it."""

    folder: Path
    environ: Mapping[str, str]

    def terraform(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@dataclass(frozen=True, slots=True)
class Account:
    """An empty account, and the folder of its bootstrap."""

    where: Endpoint
    folder: Path

    def client(self, service: str) -> Any:
        return client(self.where, service)

    def environ(self) -> dict[str, str]:
        return pointed_at(self.where, prepare(self.folder / "terraform.rc"))

    def bootstrap(self, *, interrupt_at: str = "") -> tuple[int, str]:
        """Run it, with Ctrl-C at the first line that has *interrupt_at*; return its status and output."""
        process = subprocess.Popen(
            [ROOT / "tools/sgvault.sh", "bootstrap", "--folder", self.folder],
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        reported = ""
        with process:
            for line in process.stdout or ():
                reported += line
                if interrupt_at and interrupt_at in line:
                    process.send_signal(signal.SIGINT)
                    interrupt_at = ""
        return process.returncode, reported

    def objects(self) -> list[str]:
        listed = self.client("s3").list_objects_v2(Bucket=BUCKET)
        return [each["Key"] for each in listed.get("Contents", [])]

    def stack(self) -> Project:
        return Project(Deployment(self.folder, {}).stack_folder(STACK), self.environ())

    def project(
        self, folder: Path, *, stack: str, deployer: Endpoint, wait: bool = False
    ) -> Project:
        """Write a configuration with the state of *stack*.

        It needs no provider. If requested, its apply waits until there is a file ``go``, for at
        most a minute.
        """
        folder.mkdir()
        written = read_template(self.stack().folder)
        backend = written["terraform"]["backend"]["s3"] | {"key": f"local/{stack}.tfstate"}
        wait_a_minute = "for n in $(seq 600); do [ -e go ] && exit; sleep 0.1; done"
        waiting = {"local-exec": {"command": wait_a_minute}}
        resource = {"input": "any", **({"provisioner": [waiting]} if wait else {})}
        content = {
            "terraform": {"backend": {"s3": backend}},
            "resource": {"terraform_data": {"it": resource}},
        }
        (folder / "main.tf.json").write_text(json.dumps(content))
        environ = pointed_at(deployer, self.environ())
        project = Project(folder, environ)
        begun = project.terraform("init", "-input=false")
        assert begun.returncode == 0, begun.stderr
        return project


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """An account with the state bucket, and the output of the command."""

    account: Account
    interrupted: tuple[int, str]
    finished: tuple[int, str]


@pytest.fixture(scope="module")
def bootstrapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bootstrapped]:
    """Return a bootstrap that was interrupted after it created the bucket, and then run again.

    AWS's models allow all requests.
    """
    requests = tmp_path_factory.mktemp("requests") / "account.jsonl"
    with recorded(requests, an_account(tmp_path_factory.mktemp("account"))) as account:
        interrupted = account.bootstrap(interrupt_at="Creation complete")
        yield Bootstrapped(account, interrupted, account.bootstrap())
    assert violations_of(requests) == []


@contextmanager
def an_account(folder: Path) -> Iterator[Account]:
    (folder / "shares").mkdir()
    process = start(folder, EndpointOptions(enforce_iam=True))
    try:
        yield Account(Endpoint(url=process.url, region=process.region), folder)
    finally:
        process.end()


@pytest.fixture(scope="module")
def account(bootstrapped: Bootstrapped) -> Account:
    return bootstrapped.account


@pytest.fixture(scope="module")
def deployer(account: Account) -> Endpoint:
    """Return the endpoint with the credentials of a user who only has the printed policy."""
    return user_of(account.where, [state_policy(read_settings(ROOT, "local"))])


def test_a_bootstrap_that_was_interrupted_is_finished_by_the_next(
    bootstrapped: Bootstrapped,
) -> None:
    """The bucket exists already; the bootstrap moves its state there."""
    assert bootstrapped.interrupted[0] == STATUS_OF_CTRL_C, bootstrapped.interrupted[1]
    assert bootstrapped.finished[0] == 0, bootstrapped.finished[1]

    assert bootstrapped.account.objects() == [STATE]
    assert list(bootstrapped.account.folder.glob("*.tfstate*")) == []


def test_run_again_it_changes_nothing(account: Account) -> None:
    """This holds for the bucket and for its state."""
    before = account.client("s3").head_object(Bucket=BUCKET, Key=STATE)["VersionId"]

    status, reported = account.bootstrap()

    assert (status, "Nothing to change." in reported) == (0, True), reported
    assert account.client("s3").head_object(Bucket=BUCKET, Key=STATE)["VersionId"] == before


def test_terraform_does_not_destroy_the_bucket(account: Account) -> None:
    """The environment has no other protection."""
    refused = account.stack().terraform("destroy", "-auto-approve", "-no-color")

    assert refused.returncode == 1
    assert "Instance cannot be destroyed" in refused.stderr
    assert STATE in account.objects()


def test_a_second_apply_at_the_same_time_gets_terraforms_lock_error(
    account: Account, deployer: Endpoint, tmp_path: Path
) -> None:
    """It succeeds after the first apply has ended. The deployer's policy is sufficient for both."""
    first = account.project(tmp_path / "first", stack="Applied", deployer=deployer, wait=True)
    second = account.project(tmp_path / "second", stack="Applied", deployer=deployer)
    applying = first.start("apply", "-auto-approve")
    try:
        assert eventually(lambda: "local/Applied.tfstate.tflock" in account.objects())

        refused = second.terraform("apply", "-auto-approve", "-no-color")

        assert refused.returncode == 1
        assert "Error acquiring the state lock" in refused.stderr
    finally:
        (first.folder / "go").touch()
        _, reported = applying.communicate()
    assert applying.returncode == 0, reported
    assert "local/Applied.tfstate.tflock" not in account.objects()
    assert second.terraform("apply", "-auto-approve").returncode == 0


def test_a_lock_that_a_crash_left_is_released_by_its_id(
    account: Account, deployer: Endpoint, tmp_path: Path
) -> None:
    """The commands are those in docs/state.md."""
    crashed = account.project(tmp_path / "crashed", stack="Crashed", deployer=deployer, wait=True)
    applying = crashed.start("apply", "-auto-approve")
    assert eventually(lambda: "local/Crashed.tfstate.tflock" in account.objects())
    applying.kill()
    (crashed.folder / "go").touch()
    applying.communicate()

    refused = crashed.terraform("apply", "-auto-approve", "-no-color")
    (lock,) = re.findall(r"^\W*ID: +(\S+)$", refused.stderr, re.MULTILINE)
    assert crashed.terraform("force-unlock", "-force", lock).returncode == 0

    assert crashed.terraform("apply", "-auto-approve").returncode == 0


def test_an_old_state_is_recovered(account: Account, deployer: Endpoint, tmp_path: Path) -> None:
    """The commands are those in docs/state.md."""
    project = account.project(tmp_path / "project", stack="Recovered", deployer=deployer)
    s3 = account.client("s3")
    assert project.terraform("apply", "-auto-approve").returncode == 0
    old = s3.head_object(Bucket=BUCKET, Key="local/Recovered.tfstate")["VersionId"]
    assert project.terraform("state", "rm", "terraform_data.it").returncode == 0
    assert project.terraform("state", "list").stdout == ""

    body = s3.get_object(Bucket=BUCKET, Key="local/Recovered.tfstate", VersionId=old)["Body"].read()
    (project.folder / "old.tfstate").write_bytes(body)
    pushed = project.terraform("state", "push", "-force", "old.tfstate")

    assert pushed.returncode == 0, pushed.stderr
    assert project.terraform("state", "list").stdout == "terraform_data.it\n"


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        ("delete_object", STATE),
        ("get_object", "prod/EventProcessingStack.tfstate"),
        ("put_object", "prod/EventProcessingStack.tfstate"),
        ("put_object", "local/anything"),
        ("delete_object", "prod/EventProcessingStack.tfstate.tflock"),
    ],
)
def test_a_deployer_may_do_no_more(deployer: Endpoint, operation: str, key: str) -> None:
    """The deployer cannot delete a state, or use the state of another environment."""
    s3 = client(deployer, "s3")
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        getattr(s3, operation)(Bucket=BUCKET, Key=key)


def test_the_policies_of_all_stacks_allow_no_more_on_the_state(account: Account) -> None:
    """They allow a deployer to empty and to destroy the other buckets of the environment."""
    s3 = client(deployer_of_all_stacks(account.where, "deployer-of-all-stacks"), "s3")
    lock = f"{STATE}.tflock"
    version = s3.put_object(Bucket=BUCKET, Key=lock, Body=b"lock")["VersionId"]
    s3.delete_object(Bucket=BUCKET, Key=lock)
    for operation, request in (
        ("delete_object", {"Key": STATE}),
        ("delete_object", {"Key": STATE, "VersionId": version}),
        ("delete_bucket_lifecycle", {}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
        ("delete_bucket", {}),
    ):
        with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
            getattr(s3, operation)(Bucket=BUCKET, **request)
