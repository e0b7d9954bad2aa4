"""A model of the whole system on fakes: queues, bus, executions, asynchronous calls.

A step runs one real handler once, with at most one fault. Later steps process the events and messages
that the handler publishes, sends or hides, and the executions that it starts. This is also true if its
process was lost after the call.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from handlers import (
    classify_upload,
    reconcile_check,
    reconcile_iterator,
    reconcile_notify,
    record_upload,
    sweep_sets,
)
from tests.state_machine_interpreter import Run
from tests.unit.comparison_cases import differences, without_remarks
from tests.unit.fakes import EVENT_TABLE, OUTCOME_TABLE, FakeAws, FakeContext
from tests.unit.faulty_clients import NO_FAULT, Fault, ProcessLost, faulty
from tests.unit.lambda_environments import SWEEP
from tests.unit.manifests import rich
from tests.unit.samples import aws_event, object_upload
from tests.unit.test_reconciliation_states import machine

Payload = dict[str, Any]
COUNT = 3
TRIES = 3
"""The attempts at an asynchronous invocation; then Lambda puts the event into a dead-letter queue."""
TOLERANCE_SECONDS = 120
EXECUTIONS = SWEEP.state_machine_arn.replace(":stateMachine:", ":execution:")
OUTCOMES = {"Successful", "Timed out", "Failed"}


class LambdaFailedError(Exception):
    """The error that Step Functions and Lambda report when a function's process is lost."""


@dataclass(eq=False)
class Message:
    """A message of a queue."""

    id: str
    body: str
    sent: float
    receives: int = 0
    hidden_until: float = 0.0

    def record(self) -> Payload:
        """Receive the message."""
        self.receives += 1
        record = aws_event("sqs_record")
        counts = {
            "ApproximateReceiveCount": str(self.receives),
            "SentTimestamp": str(int(self.sent * 1000)),
        }
        return record | {
            "messageId": self.id,
            "receiptHandle": self.id,
            "body": self.body,
            "attributes": record["attributes"] | counts,
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class Manifest:
    """One version of a set's manifest, as the client wrote it."""

    set_id: str
    version_id: str
    listed: Mapping[str, int | None]
    """Sizes by name; the plain form has None instead of a size."""
    since: int
    event_time: int


@dataclass(eq=False)
class Running:
    """An execution that has not ended."""

    arn: str
    given: Payload
    run: Run
    steps: Iterator[float]
    ready_at: float


@dataclass(eq=False)
class Call:
    """An asynchronous invocation of Notify."""

    event: Payload
    tries: int = 0


@dataclass
class World:
    """The pending messages, events, calls and executions, and the results of the others."""

    account: FakeAws = field(default_factory=FakeAws)
    uploads: list[Message] = field(default_factory=list)
    records: list[Message] = field(default_factory=list)
    dead: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The bodies of dead letters, by the queue's URL."""
    on_bus: list[tuple[str, Payload]] = field(default_factory=list)
    """Events that EventBridge has not delivered yet, each with its target."""
    running: list[Running] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    late_statuses: list[tuple[str, str, Payload]] = field(default_factory=list)
    """The statuses that DescribeExecution does not return yet."""
    outcomes: list[Payload] = field(default_factory=list)
    overdue: list[Payload] = field(default_factory=list)
    announced: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """The time and size of the newest event of each announced upload, by set and key."""
    manifests: list[Manifest] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)
    """Executions that were stopped, or that ended without success."""
    step: int = 0
    verdicts: dict[Manifest, list[tuple[int, dict[str, str]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """The differences, and the steps at which they changed."""
    first_check: dict[str, int] = field(default_factory=dict)
    first_notify: dict[str, int] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)
    """Executions with a successful check."""
    decided: dict[str, int] = field(default_factory=dict)
    """The step at which each outcome was decided, by outcome id."""
    newer_release: bool = False
    """True if payloads come from a later release, with one field more."""
    _sent: int = 0
    _fault: Fault = NO_FAULT
    _looks: int | None = None

    def __post_init__(self) -> None:
        self.aws, self.faults = faulty(self.account)

    @property
    def now(self) -> float:
        """The time in Unix seconds."""
        return self.account.clock.now

    def invoke(self, handler: Any, event: Payload, fault: Fault, looks: int | None = None) -> Any:
        """Run *handler*; convert its event and its answer to JSON and back."""
        self.faults.begin(fault)
        context = FakeContext(looks_at_the_clock=looks).typed
        try:
            return json.loads(json.dumps(handler(json.loads(json.dumps(event)), context)))
        except ProcessLost:
            raise LambdaFailedError from None
        finally:
            self.faults.begin(NO_FAULT)
            self._take_up()

    def put(self, set_id: str, name: str, size: int, *, folder: bool = False) -> None:
        """Write an object; the gateway announces it at once."""
        key = f"{set_id}-vaultjob/{name}"
        self.put_object(f"{key}/" if folder else key, b"." * size)
        self.announce(set_id, key, size)

    def put_object(self, key: str, content: bytes) -> str:
        """Write an object of the upload bucket, and return its version."""
        self.account.s3.written_at = datetime.fromtimestamp(self.now, UTC)
        self.account.folders.modified[key] = self.now
        return self.account.s3.put(key, content)

    def announce(self, set_id: str, key: str, size: int) -> None:
        """Emit the gateway's event."""
        at = datetime.fromtimestamp(int(self.now), UTC).isoformat()
        self.send(self.uploads, json.dumps(object_upload(key, object_size=size, time=at)))
        age = int(self.now), size
        self.announced[set_id, key] = max(self.announced.get((set_id, key), age), age)
        self.observe()

    def write_manifest(self, set_id: str, listed: Mapping[str, int | None], began: int) -> None:
        """Write a manifest: a rich one if all files have sizes, and an unusable one if there are no files.

        Time passes first, because two manifests in the same second would be one event.
        """
        self.pass_time(1)
        folder = f"{set_id}-vaultjob"
        sizes = {f"{folder}/{name}": size for name, size in sorted(listed.items())}
        has_sizes = bool(sizes) and None not in sizes.values()
        lines = [(size or 0, key) for key, size in sizes.items()]
        content = (
            rich(lines, began=began) if has_sizes else "".join(f"{key}\n" for key in sizes).encode()
        )
        key = f"{folder}/{set_id}.manifest"
        manifest = Manifest(
            set_id=set_id,
            version_id=self.put_object(key, content),
            listed=dict(listed),
            since=began - TOLERANCE_SECONDS if has_sizes else 0,
            event_time=int(self.now),
        )
        self.manifests.append(manifest)
        self.announce(set_id, key, len(content))

    def send(self, queue: list[Message], body: str) -> None:
        """Send a message to a queue."""
        self._sent += 1
        queue.append(Message(f"m{self._sent}", body, self.now))

    def receive(
        self,
        queue: list[Message],
        numbers: Sequence[int],
        fault: Fault = NO_FAULT,
        looks: int | None = None,
        *,
        again: bool = False,
    ) -> None:
        """Pass visible messages to the queue's function; SQS may deliver them *again*."""
        visible = self.visible(queue)
        batch = [visible[number] for number in numbers if number < len(visible)]
        if not batch:
            return
        handler: Any = classify_upload if queue is self.uploads else record_upload
        event = {"Records": [message.record() for message in batch]}
        try:
            answer = self.invoke(handler.handler, event, fault, looks)
            failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        except Exception:
            failed = {message.id for message in batch}
        for message in batch:
            if message.id not in failed and not again:
                queue.remove(message)
        self.observe()

    def visible(self, queue: list[Message]) -> list[Message]:
        """Return the messages that are not hidden."""
        return [each for each in queue if each.hidden_until <= self.now]

    def deliver(self, number: int, *, again: bool = False, lost: bool = False) -> None:
        """Deliver an event from EventBridge; the start of an execution may be *lost* after a day."""
        target, event = self.on_bus[number % len(self.on_bus)]
        if not again:
            self.on_bus.remove((target, event))
        if target == "records":
            self.send(self.records, json.dumps(event, ensure_ascii=False))
        elif not lost:
            self.start(f"{EXECUTIONS}:{self._sent}-{len(self.account.states.executions)}", event)

    def start(self, arn: str, given: Payload) -> None:
        """Start an execution."""
        self.account.states.put(arn, "RUNNING", json.dumps(given))
        at = datetime.fromtimestamp(self.now, UTC).isoformat()
        run = Run(
            machine(COUNT),
            {
                "iterate": self._function(reconcile_iterator),
                "check": self._function(reconcile_check, self.first_check),
                "notify": self._function(reconcile_notify, self.first_notify),
            },
            {"Execution": {"Id": arn, "StartTime": at}},
        )
        self.running.append(Running(arn, given, run, run.steps(given), self.now))

    def _function(self, module: Any, first: dict[str, int] | None = None) -> Any:
        def call(payload: Payload) -> Any:
            if first is not None:
                first.setdefault(payload["execution"], self.step)
            if self.newer_release and "state" in payload:
                payload["state"]["addedLater"] = {"x": [1]}
            answer = self.invoke(module.handler, payload, self._fault, self._looks)
            if module is reconcile_check:
                self.checked.add(payload["execution"])
                if self.newer_release:
                    answer["progress"]["addedLater"] = 1
            return answer

        return call

    def go_on(self, execution: Running, fault: Fault = NO_FAULT, looks: int | None = None) -> None:
        """Run an execution for one step, and end it after the last."""
        self._fault, self._looks = fault, looks
        self.account.clock.now = max(self.now, execution.ready_at)
        pause = next(execution.steps, None)
        if pause is not None:
            execution.ready_at = self.now + pause
            return
        run = execution.run
        self.end(execution, "FAILED" if run.error else "SUCCEEDED", run.error, run.cause)

    def end(
        self,
        execution: Running,
        status: str,
        error: str | None = None,
        cause: str | None = None,
        *,
        late: bool = False,
    ) -> None:
        """End an execution; DescribeExecution may return its status *late*."""
        self.running.remove(execution)
        if late:
            self.late_statuses.append((execution.arn, status, execution.given))
        else:
            self.account.states.put(execution.arn, status, json.dumps(execution.given))
        if status == "SUCCEEDED":
            return
        self.stopped.add(execution.arn)
        event = aws_event("execution_status_change")
        event["detail"] |= {
            "executionArn": execution.arn,
            "status": status,
            "input": json.dumps(execution.given),
            "error": error,
            "cause": cause,
        }
        self.calls.append(Call(event))

    def call_notify(self, call: Call, fault: Fault = NO_FAULT, *, again: bool = False) -> None:
        """Run an asynchronous call of Lambda; drop it after the third failure."""
        try:
            self.invoke(reconcile_notify.handler, call.event, fault)
            if not again:
                self.calls.remove(call)
        except Exception:
            call.tries += 1
            if call.tries == TRIES:
                self.calls.remove(call)

    def sweep(self, fault: Fault = NO_FAULT, looks: int | None = None) -> None:
        """Run the sweep once."""
        try:
            self.invoke(sweep_sets.handler, {}, fault, looks)
        except Exception:
            return

    def pass_time(self, seconds: float) -> None:
        """Let time pass; DescribeExecution catches up."""
        self.account.clock.now += seconds
        for arn, status, given in self.late_statuses:
            self.account.states.put(arn, status, json.dumps(given))
        self.late_statuses.clear()

    def _take_up(self) -> None:
        """Queue the results of a handler for later steps."""
        account = self.account
        for entry in account.events.accepted:
            self._route(entry["DetailType"], json.loads(entry["Detail"]))
        account.events.accepted.clear()
        for message in (*self.uploads, *self.records):
            if message.id in account.sqs.hidden:
                message.hidden_until = self.now + account.sqs.hidden.pop(message.id)
        for sent in account.sqs.sent:
            self.dead[sent["QueueUrl"]].append(sent["MessageBody"])
        account.sqs.sent.clear()
        self.calls += [Call(json.loads(each["Payload"])) for each in account.lambda_.calls]
        account.lambda_.calls.clear()
        known = {each.arn for each in self.running} | {arn for arn, *_ in self.late_statuses}
        for arn, execution in list(account.states.executions.items()):
            if execution["status"] == "RUNNING" and arn not in known:
                self.start(arn, json.loads(execution["input"]))
        for key, item in account.dynamodb.tables[OUTCOME_TABLE].items():
            if "detail" in item:
                self.decided.setdefault(key[0], self.step)

    def _route(self, detail_type: str, detail: Payload) -> None:
        event = {"source": "vault.application", "detail-type": detail_type, "detail": detail}
        if "status" in detail:
            self.outcomes.append(detail)
        elif "overdue-id" in detail:
            self.overdue.append(detail)
        else:
            self.on_bus.append(("records", event))
            if detail_type == "Manifest File Upload Event":
                self.on_bus.append(("execution", event))

    def observe(self) -> None:
        """Record the present differences from each manifest."""
        for manifest in self.manifests:
            found = self.verdict(manifest)
            history = self.verdicts[manifest]
            if not history or history[-1][1] != found:
                history.append((self.step, found))

    def verdict(self, manifest: Manifest) -> dict[str, str]:
        """Return the difference types by name; the comparison uses plain sets."""
        folder = f"{manifest.set_id}-vaultjob/"
        itself = f"{manifest.set_id}.manifest"
        announced = {
            item["objectKey"]["S"].removeprefix(folder)
            for item in self.account.dynamodb.tables[EVENT_TABLE].values()
            if item["setId"]["S"] == manifest.set_id
            and int(item["eventTime"]["N"]) >= manifest.since
        } - {itself}
        objects = {
            key.removeprefix(folder): len(list(versions.values())[-1])
            for (bucket, key), versions in self.account.s3.versions.items()
            if bucket == "bucket" and key.startswith(folder) and versions
        }
        objects.pop(itself, None)
        found = without_remarks(differences(manifest.listed, announced, objects))
        types = {name: type_ for name, (type_, _) in found.items()}
        for name, size in manifest.listed.items():
            if size is not None and name not in types and objects.get(name, size) != size:
                types[name] = "size-mismatch"
        return types

    def during(self, manifest: Manifest, first: int, last: int) -> list[dict[str, str]]:
        """Return the differences at each time from step *first* to step *last*."""
        history = self.verdicts[manifest]
        before = [found for step, found in history if step <= first]
        return [*before[-1:], *(found for step, found in history if first < step <= last)]
