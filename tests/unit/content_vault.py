"""A set whose content the real functions verify in the real state machine, on a fake of AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from handlers import (
    reconcile_check,
    reconcile_iterator,
    reconcile_notify,
    verify_content,
)
from handlers.core.manifest_entries import Entry
from stacks.constructs.reconciliation_states import definition
from tests.state_machine_interpreter import Payload, Run
from tests.unit.fakes import SET_TABLE, FakeAws, FakeContext
from tests.unit.manifests import HASHES, checksummed
from tests.unit.samples import EVENT_TIME, manifest_event, put_row

FOLDER = "a-vaultjob/"
FILES = {"a": b"", "b": b"short", "d/c": b"a large one, by ranges", "d/e": b"x" * 100, "f": b"f"}


@dataclass
class ContentVault:
    """A set of files in a fake account, and the events during its reconciliation."""

    aws: FakeAws
    listed: Mapping[str, bytes]
    """The contents that the manifest lists, by name."""
    algorithm: str = "crc64nvme"
    during: dict[int, Callable[[], None]] = field(default_factory=dict)
    """The actions at the beginning of an iteration."""
    contexts: list[FakeContext] = field(default_factory=list)
    """The calls of the worker; all later calls have enough time."""
    notify_contexts: list[FakeContext] = field(default_factory=list)
    """The calls of Notify; all later calls have enough time."""
    run: Run | None = None

    def __post_init__(self) -> None:
        digest = HASHES[self.algorithm]
        entries = [
            Entry(f"{FOLDER}{name}", len(each), digest(each)) for name, each in self.listed.items()
        ]
        manifest = checksummed(sorted(entries), algorithm=self.algorithm)
        self.aws.s3.put(f"{FOLDER}a.manifest", manifest)
        for name, content in self.listed.items():
            self.upload(name, content)

    def upload(self, name: str, content: bytes) -> None:
        """Put an object, and announce it at once."""
        self.aws.s3.put(f"{FOLDER}{name}", content)
        now = int(self.aws.clock.now)
        put_row(self.aws, f"{FOLDER}{name}", size_bytes=len(content), event_time=now)
        self.aws.dynamodb.tables[SET_TABLE][(FOLDER,)] = {
            "folder": {"S": FOLDER},
            "setId": {"S": "a"},
            "bucketName": {"S": "bucket"},
            "lastArrival": {"N": str(now)},
            "manifestTime": {"N": str(EVENT_TIME)},
        }

    def outcome(self, *, count: int = 4) -> dict[str, Any]:
        """Reconcile the set, and return its outcome."""
        self.aws.clock.now += 600
        functions = {
            "iterate": self._iterate,
            "check": lambda event: reconcile_check.handler(event, FakeContext().typed),
            "verify": self._verify,
            "notify": self._notify,
        }
        names = {f"{name}_arn": name for name in functions}
        states = definition(**names, count=count, wait_seconds=30, verify_concurrency=2)
        self.run = Run(states, functions)
        self.run.of(manifest_event())
        detail: dict[str, Any] = json.loads(self.aws.events.accepted[-1]["Detail"])
        return detail

    def _iterate(self, event: Payload) -> Payload:
        ticker = event["iterator"]["Payload"]["ticker"] + 1
        self.during.get(ticker, lambda: None)()
        self.aws.clock.now += 30
        answer: Payload = reconcile_iterator.handler(event, FakeContext().typed)
        return answer

    def _verify(self, event: Payload) -> Payload:
        context = self.contexts.pop(0) if self.contexts else FakeContext()
        event = json.loads(json.dumps(event))  # as Step Functions passes it on
        answer: Payload = verify_content.handler(event, context.typed)
        return answer

    def _notify(self, event: Payload) -> Payload:
        context = self.notify_contexts.pop(0) if self.notify_contexts else FakeContext()
        answer: Payload = reconcile_notify.handler(event, context.typed)
        return answer

    def verified_times(self) -> int:
        """Return the number of the machine's content comparisons."""
        assert self.run is not None
        return self.run.entered.count("Verify Content")
