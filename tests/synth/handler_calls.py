"""Record the handlers' calls to AWS while datasets pass through all functions.

The handlers run with the stack's environment variables and the fakes of the unit tests. So each
call has the actual table, bucket or bus in its parameters.
"""

from __future__ import annotations

import importlib
import itertools
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pytest

from handlers.core.errors import ContentUnfinishedError
from handlers.core.manifest_entries import Entry
from tests.synth.spelled import Spelled
from tests.unit import fakes
from tests.unit.fakes import FakeAws, FakeContext, installed
from tests.unit.manifests import checksummed
from tests.unit.refusals import client_error
from tests.unit.samples import aws_event, batch, object_upload, task_event

Payload = dict[str, Any]

SERVICES = ("events", "dynamodb", "s3", "sqs", "states", "lambda_", "folders")
FOLDER = "payroll-vaultjob"
MANIFEST = f"{FOLDER}/payroll.manifest"
TIDY = f"{FOLDER}/a\n{FOLDER}/b\n".encode()
LISTED = [Entry(f"{FOLDER}/{name}", 1, "2dbd67026454e4b1") for name in ("a", "b", "c.manifest")]
"""Files whose content is an x, by its CRC64NVME."""
UNTIDY = f"{FOLDER}/b\r\n{FOLDER}/a\r\n".encode()
BY_POSITION = {"upload_fileobj": ("Fileobj", "Bucket", "Key")}
"""Parameters that the handlers pass by position."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a client's method by a function, with its named parameters."""

    function: str
    service: str
    method: str
    parameters: Mapping[str, Any]


@dataclass(slots=True)
class Recorder:
    """A proxy of a fake client that records calls while a function runs."""

    account: Account
    service: str
    client: Any

    def __getattr__(self, name: str) -> Any:
        """Return the client's attribute; a method is recorded when it is called."""
        attribute = getattr(self.client, name)
        if not self.account.running or isinstance(attribute, type):
            return attribute

        def noted(*arguments: Any, **parameters: Any) -> Any:
            named = dict(zip(BY_POSITION.get(name, ()), arguments, strict=True)) | parameters
            self.account.calls.append(Call(self.account.running, self.service, name, named))
            return attribute(*arguments, **parameters)

        return noted


@dataclass(slots=True)
class Account:
    """The deployed functions in an account of fakes."""

    stack: Spelled
    calls: list[Call] = field(default_factory=list)
    running: str = ""
    """The function that is running."""
    aws: FakeAws = field(default_factory=FakeAws)

    @property
    def bucket(self) -> str:
        """The name of the upload bucket."""
        name: str = self.stack.of("aws_s3_bucket")["file_upload"]["bucket"]
        return name

    def execution(self, name: object) -> str:
        """Return the ARN of an execution of the stack's state machine."""
        machine = self.stack.of("aws_sfn_state_machine")["reconciliation"]["name"]
        return f"arn:aws:states:REGION:ACCOUNT:execution:{machine}:{name}"

    def recorded(self) -> FakeAws:
        """Return the account's clients, with recording."""
        clients: dict[str, Any] = {
            service: Recorder(self, service, getattr(self.aws, service)) for service in SERVICES
        }
        return FakeAws(**clients, clock=self.aws.clock)

    def run(self, function: str, event: Payload, context: FakeContext | None = None) -> Any:
        """Invoke a function with its deployed environment."""
        block = self.stack.of("aws_lambda_function")[function]
        module = importlib.import_module(block["handler"].rpartition(".")[0])
        with pytest.MonkeyPatch.context() as patch:
            for name, value in block["environment"]["variables"].items():
                patch.setenv(name, value)
            self.running = function
            answer = module.handler(event, (context or FakeContext()).typed)
            self.running = ""
        return json.loads(json.dumps(answer))

    def published(self) -> Payload:
        """Return the last published event in the form that a target receives."""
        entry = self.aws.events.accepted[-1]
        return {"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}

    def announce(self, key: str) -> None:
        """Pass an upload event through the functions that classify and record it."""
        event = object_upload(key, bucket_name=self.bucket, object_size=1)
        self.run("classify_upload", batch(event))
        self.run("record_upload", batch(self.published()))

    def fail(self) -> None:
        """Make both consumers of queues put a message back, receive it again, and set one aside."""
        event = object_upload(f"{FOLDER}/a", bucket_name=self.bucket, object_size=1)
        folder = object_upload(MANIFEST, bucket_name=self.bucket, object_size=0)
        self.run("classify_upload", batch(folder))
        self.aws.events.refuses = lambda entry: True
        self.run("classify_upload", batch(event, "not JSON"))
        self.aws.events.refuses = lambda entry: False
        self.run("classify_upload", batch(event))
        self.aws.dynamodb.fails = lambda *_: client_error("InternalServerError", 500)
        self.run("record_upload", batch(self.published(), "not JSON"))
        self.aws.dynamodb.fails = lambda *_: None
        self.run("record_upload", batch(self.published(), receives=2))

    def reconcile(
        self,
        manifest: Payload,
        *,
        checks: int,
        execution: str,
        before: Mapping[int, Callable[[], object]] = MappingProxyType({}),
    ) -> None:
        """Run the tasks of the state machine in its order, with several checks before the notification.

        *before* has what happens before a check.
        """
        check = None
        for ticker in range(checks):
            before.get(ticker, lambda: None)()
            event = task_event(ticker=ticker, count=checks, check=check, execution=execution)
            event["state"] |= manifest
            answer = self.run("reconcile_iterator", event["state"])
            event["state"]["iterator"] = {"Payload": answer}
            check = self.run("reconcile_check", event)
            if check.get("verifyNow"):
                self.verify(check)
                event["state"]["reconcilecheck"] = {"Payload": check}
                check = self.run("reconcile_check", event)
        event = task_event(ticker=checks, count=checks, check=check, execution=execution)
        self.run("reconcile_notify", event | {"state": event["state"] | manifest})

    def verify(self, check: Payload) -> None:
        """Let workers, each interrupted once, compare content; in the first round a file is gone."""
        for shard in check["verifyShards"]:
            event = {"shard": shard, "content": check["content"]}
            with pytest.raises(ContentUnfinishedError):
                self.run("verify_content", event, FakeContext(remaining_ms=0))
            present = self.aws.s3.versions.copy()
            if check["content"]["round"] == 1:
                del self.aws.s3.versions[self.bucket, f"{FOLDER}/b"]
            self.run("verify_content", event)
            self.aws.s3.versions.update(present)


def recorded_calls(stack: Spelled) -> list[Call]:
    """Return the functions' calls for all courses of a dataset.

    A dataset is complete, has a missing file or an absent one, each with a sorted and an unsorted
    manifest; or has a file of other content, which is put right; or its execution is stopped.
    Besides, messages fail, or concern a folder with the name of a manifest.
    """
    account = Account(stack)
    keys = {
        block["name"]: tuple(block[key] for key in ("hash_key", "range_key") if key in block)
        for block in stack.of("aws_dynamodb_table").values()
    }
    with (
        pytest.MonkeyPatch.context() as patch,
        warnings.catch_warnings(),
        installed(account.recorded()),
    ):
        patch.setattr(fakes, "TABLE_KEYS", keys)
        warnings.filterwarnings("ignore", message="No application metrics to publish")
        ways = itertools.product((TIDY, UNTIDY), ("nothing", "its event", "the object"))
        for number, (manifest, held_back) in enumerate(ways):
            _upload(account, manifest, held_back)
            account.reconcile(account.published(), checks=3, execution=account.execution(number))
        for name, newline in {"tidy": "\n", "untidy": "\r\n"}.items():
            manifest = checksummed(LISTED, algorithm="crc64nvme", newline=newline)
            _verify(account, manifest, account.execution(name))
        _upload(account, TIDY, "nothing")
        running = task_event(execution=account.execution("running"))
        account.run("reconcile_check", running | {"state": running["state"] | account.published()})
        _stop(account, account.published())
        _upload(account, TIDY, "nothing")
        _stop(account, account.published())
        account.fail()
        _sweep(account)
    return account.calls


def _upload(account: Account, manifest: bytes, held_back: str) -> None:
    account.aws.s3.versions.clear()
    account.aws.dynamodb.tables.clear()
    for name in "ab":
        key = f"{FOLDER}/{name}"
        if name == "a" or held_back != "the object":
            account.aws.s3.put(key, b"x", bucket=account.bucket)
        if name == "a" or held_back != "its event":
            account.announce(key)
    account.aws.s3.put(MANIFEST, manifest, bucket=account.bucket)
    account.announce(MANIFEST)


def _verify(account: Account, manifest: bytes, execution: str) -> None:
    """Reconcile a set by its content; one file gets its right content between two checks."""
    _upload(account, manifest, "nothing")
    account.aws.s3.put(f"{FOLDER}/a", b"y", bucket=account.bucket)
    account.aws.s3.put(f"{FOLDER}/c.manifest", b"x", bucket=account.bucket)
    account.announce(f"{FOLDER}/c.manifest")
    account.announce(MANIFEST)
    right = {1: lambda: account.aws.s3.put(f"{FOLDER}/a", b"x", bucket=account.bucket)}
    account.reconcile(account.published(), checks=4, execution=execution, before=right)


def _sweep(account: Account) -> None:
    """Run the sweep until it has done everything that can be due."""
    aws = account.aws
    aws.dynamodb.tables.clear()
    aws.states.executions.clear()
    aws.folders.modified = {f"{FOLDER}/a": aws.clock.now, "other-vaultjob/b": aws.clock.now}
    for announced in (f"{FOLDER}/a", MANIFEST, "other-vaultjob/b"):
        account.announce(announced)
    for _ in range(3):
        aws.clock.now += 2 * 86_400
        account.run("sweep_sets", {})
        for execution in aws.states.executions.values():
            execution["status"] = "FAILED"


def _stop(account: Account, manifest: Payload) -> None:
    """Stop an execution before its first check, while another may reconcile the same manifest."""
    ended = aws_event("execution_status_change")
    ended["detail"] |= {
        "executionArn": account.execution("stopped"),
        "input": json.dumps(manifest),
    }
    account.run("reconcile_notify", ended)
