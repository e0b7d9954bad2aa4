"""Any content of an event, a key, a manifest or a checkpoint causes named errors and bounded work.

Unreadable input is set aside or refused by name; no key outside the set is read or written; each line of
the log is one JSON object.
"""

from __future__ import annotations

import ast
import io
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import (
    classify_upload,
    reconcile_check,
    reconcile_iterator,
    reconcile_notify,
    record_upload,
)
from handlers.aws.telemetry import logger
from handlers.core.errors import VaultError
from handlers.core.events import ManifestUpload
from handlers.core.naming import SetFolder
from tests.unit.fakes import EVENT_TABLE, REPORTS_BUCKET, SET_TABLE, FakeAws, FakeContext, installed
from tests.unit.manifests import rich
from tests.unit.samples import (
    EVENT_TIME,
    EXECUTION,
    HOSTILE_NAMES,
    aws_event,
    batch,
    data_event,
    manifest_event,
    object_upload,
    store,
    task_event,
    upload,
)

Payload = dict[str, Any]
BUDGET = settings(max_examples=100)
FOLDER = "a-vaultjob/"
MOST_SECONDS = 5.0
MOST_BYTES = 32 * 1024 * 1024

NAMES = st.sampled_from([*HOSTILE_NAMES.values(), "\ud800", "../../b-vaultjob/x", "a" * 1_100, "/"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([-1, 0, 2**31, 2**63, 10**40, -(10**40)]),
    st.floats(),
    st.text(max_size=5),
    NAMES,
    NAMES.map(FOLDER.__add__),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of each value in *value*."""
    for name in value if isinstance(value, dict) else range(len(value)):
        yield (*path, name)
        if isinstance(value[name], dict | list):
            yield from places(value[name], (*path, name))


@st.composite
def changed(draw: Callable[..., Any], valid: Payload) -> Payload:
    """Return *valid* with up to three of its values replaced or removed."""
    event = deepcopy(valid)
    for _ in range(draw(st.integers(1, 3))):
        *path, name = draw(st.sampled_from(list(places(event))))
        inside = event
        for each in path:
            inside = inside[each]
        if draw(st.booleans()):
            inside[name] = draw(VALUES)
        else:
            del inside[name]
        if not event:
            break
    return event


class Log(io.TextIOWrapper):
    """A log in CloudWatch's form: UTF-8, with one entry on each line."""

    def __init__(self) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding="utf-8", write_through=True)

    def lines(self) -> list[bytes]:
        """Return the lines of the log, split at line feeds only."""
        return self.bytes.getvalue().split(b"\n")[:-1]


@contextmanager
def door() -> Iterator[FakeAws]:
    """Yield an account; afterwards the log has one JSON object a line, and no line failed."""
    log = Log()
    handler: Any = logger.registered_handler
    stream = handler.setStream(log)
    broken: list[Any] = []
    on_error, handler.handleError = handler.handleError, broken.append
    try:
        with installed(FakeAws()) as aws:
            aws.clock.now = EVENT_TIME
            yield aws
    finally:
        handler.setStream(stream)
        handler.handleError = on_error
    assert broken == []
    assert all(isinstance(json.loads(line), dict) for line in log.lines())


def call(handler: Any, event: Payload) -> Any:
    """Return the answer as decoded JSON; None after a named error or a refusal by AWS."""
    try:
        return json.loads(json.dumps(handler(event, FakeContext().typed)))
    except (VaultError, ClientError, BotoCoreError):
        return None


BODIES = st.one_of(
    changed(object_upload(f"{FOLDER}x")),
    changed(object_upload(f"{FOLDER}a.manifest")),
    NAMES.map(lambda name: object_upload(f"{FOLDER}{name}")),
    VALUES,
    st.text(st.characters(exclude_categories=["Cs", "Cc"])),  # SQS takes no others
)


@BUDGET
@given(bodies=st.lists(BODIES, min_size=1, max_size=4))
def test_what_a_gateway_announces_is_published_skipped_or_set_aside(bodies: list[Any]) -> None:
    """No message is delivered again, because each one is either read or unreadable."""
    with door() as aws:
        good = object_upload(f"{FOLDER}good")
        assert call(classify_upload.handler, batch(*bodies, good)) == {"batchItemFailures": []}
        published = [json.loads(entry["Detail"]) for entry in aws.events.accepted]
        for detail in published:
            for each in detail.get("objects", [detail]):
                assert f"/{detail['set-id']}-vaultjob/" in f"/{each['object-key']}/"
        assert f"{FOLDER}good" in json.dumps(published)


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_no_key_is_evaluated_or_changed(name: str) -> None:
    """The test covers the way from the gateway's event to the table."""
    with door() as aws:
        call(classify_upload.handler, batch(object_upload(f"{FOLDER}{name}")))
        (entry,) = aws.events.accepted
        call(record_upload.handler, batch(data_event() | {"detail": json.loads(entry["Detail"])}))
        (row,) = aws.dynamodb.rows(EVENT_TABLE)
        assert row["objectKey"]["S"] == f"{FOLDER}{name}"


ON_BUS = st.one_of(
    changed(data_event(upload(f"{FOLDER}x"), upload(f"{FOLDER}y"))),
    changed(manifest_event()),
    VALUES.filter(lambda value: not isinstance(value, str)),
    st.text(st.characters(exclude_categories=["Cs", "Cc"])),  # SQS takes no others
)


@BUDGET
@given(bodies=st.lists(ON_BUS, min_size=1, max_size=4))
def test_what_stands_on_the_bus_is_recorded_for_its_set_or_set_aside(bodies: list[Any]) -> None:
    """The row of the table and the row of the register are in the partition of the event's set."""
    with door() as aws:
        good = data_event(upload(f"{FOLDER}good"))
        assert call(record_upload.handler, batch(*bodies, good)) == {"batchItemFailures": []}
        assert len(aws.dynamodb.rows(EVENT_TABLE)) > 0
        for row in aws.dynamodb.rows(SET_TABLE):
            name = row["folder"]["S"].rstrip("/").rpartition("/")[2]
            assert name.startswith(row["setId"]["S"])


@BUDGET
@given(event=changed(task_event()["state"]))
def test_the_iterator_refuses_by_name(event: Payload) -> None:
    with door():
        call(reconcile_iterator.handler, event)


@cache
def checkpoint(*, cut_short: bool) -> Payload:
    """Return a check's answer: it stops at a difference, or in the middle, where it holds a folder."""
    with installed(FakeAws()) as aws:
        store(aws, lines=["d", "d-a", "x"], announced=["d-a"], objects=["d-a"])
        event = task_event()
        context = FakeContext(looks_at_the_clock=0 if cut_short else None)
        answer = reconcile_check.handler(event, context.typed)
        return dict(json.loads(json.dumps(answer)))


class Reads:
    """The keys in requests to a fake bucket and a fake table."""

    def __init__(self, aws: FakeAws, execution: Any = EXECUTION) -> None:
        self.keys: set[tuple[str, str]] = set()
        self.execution = execution
        aws.s3.fails = self._of_bucket
        aws.dynamodb.fails = self._of_table

    def outside(self, detail: Callable[[], Any]) -> set[tuple[str, str]]:
        """Return the keys outside the set that *detail* names; all keys if it names no set."""
        try:
            manifest = ManifestUpload.from_detail(detail())
        except (VaultError, LookupError, TypeError, ValueError):
            return self.keys
        set_id, folder = manifest.set_id, SetFolder.of_manifest(manifest.upload.key).prefix
        inside: dict[str, str | tuple[str, ...]] = {
            REPORTS_BUCKET: tuple(f"{top}/{set_id}/" for top in ("reports", "content", "receipts")),
            EVENT_TABLE: set_id,
            SET_TABLE: folder,
        }
        return {
            (at, key)
            for at, key in self.keys
            if not key.startswith(inside.get(at, folder))
            and (at, key) != (SET_TABLE, self.execution)
        }

    def _of_bucket(self, _: str, asked: Mapping[str, Any]) -> None:
        self.keys.add((asked["Bucket"], asked.get("Key") or asked["Prefix"]))

    def _of_table(self, _: str, asked: Mapping[str, Any]) -> None:
        names = {EVENT_TABLE: "setId", SET_TABLE: "folder"}
        if "Key" in asked and asked["TableName"] in names:
            self.keys.add((asked["TableName"], asked["Key"][names[asked["TableName"]]]["S"]))


@pytest.mark.parametrize("module", [reconcile_check, reconcile_notify], ids=["check", "notify"])
@BUDGET
@given(data=st.data())
def test_a_checkpoint_is_read_or_refused_by_name(module: Any, data: st.DataObject) -> None:
    """Anyone who may start an execution in Step Functions can write any checkpoint."""
    answer = checkpoint(cut_short=data.draw(st.booleans()))
    event = data.draw(changed(task_event(ticker=5, count=5, check=answer)))
    event["execution"] = EXECUTION
    with door() as aws:
        store(aws, lines=["d", "d-a", "x"], announced=["d-a"], objects=["d-a"])
        aws.s3.put("b-vaultjob/secret", b"b-vaultjob/x\n")
        reads = Reads(aws)
        call(module.handler, event)
        assert reads.outside(lambda: event["state"]["detail"]) == set()


@BUDGET
@given(detail=changed(aws_event("execution_status_change")["detail"]))
def test_the_end_of_an_execution_is_read_or_refused_by_name(detail: Payload) -> None:
    with door() as aws:
        reads = Reads(aws, detail.get("executionArn"))
        call(reconcile_notify.handler, aws_event("execution_status_change") | {"detail": detail})
        assert reads.outside(lambda: json.loads(detail["input"])["detail"]) == set()


LINES = st.one_of(st.binary(max_size=12), NAMES.map(lambda name: name.encode(errors="replace")))
MANIFESTS = st.one_of(
    st.binary(max_size=300),
    st.lists(LINES | LINES.map(FOLDER.encode().__add__), max_size=5).map(b"\n".join),
    st.builds(
        lambda place, byte: bytes(
            [
                *(content := rich([(1, f"{FOLDER}x"), (2, f"{FOLDER}y")]))[:place],
                byte,
                *content[place:],
            ]
        ),
        st.integers(0, 180),
        st.integers(0, 255),
    ),
)


@BUDGET
@given(content=MANIFESTS)
def test_a_manifest_is_read_or_refused_by_name(content: bytes) -> None:
    with door() as aws:
        aws.s3.put(f"{FOLDER}a.manifest", content)
        reads = Reads(aws)
        answer = call(reconcile_check.handler, task_event())
        if answer is not None:
            call(reconcile_notify.handler, task_event(ticker=5, count=5, check=answer))
        assert reads.outside(lambda: manifest_event()["detail"]) == set()


HUGE = {
    "nested arrays": "[" * 200_000,
    "nested objects": '{"a":' * 40_000,
    "digits": "9" * 250_000,
    "a huge key": json.dumps(object_upload("k" * 250_000)),
    "a huge prefix": json.dumps(object_upload("x", prefix="k" * 250_000)),
    "a huge type": json.dumps(object_upload("x") | {"source": "s" * 250_000}),
    "not a number": json.dumps(object_upload("x", object_size=float("nan"))),
    "infinite": json.dumps(object_upload("x", object_size=float("inf"))),
    "many fields": json.dumps({str(number): number for number in range(15_000)}),
    "escapes": '"' + "\\ud800" * 40_000 + '"',
}


@contextmanager
def bounded() -> Iterator[None]:
    """Fail if the code uses more processor time or memory than a small function has."""
    tracemalloc.start()
    began = time.process_time()
    try:
        yield
        seconds, (_, most_bytes) = time.process_time() - began, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seconds < MOST_SECONDS
    assert most_bytes < MOST_BYTES


@pytest.mark.parametrize("module", [classify_upload, record_upload], ids=["classify", "record"])
@pytest.mark.parametrize("body", HUGE.values(), ids=HUGE)
def test_a_message_of_the_largest_size_takes_little(module: Any, body: str) -> None:
    """SQS accepts a quarter of a megabyte."""
    with door() as aws, bounded():
        assert call(module.handler, batch(body)) == {"batchItemFailures": []}
        assert len(aws.sqs.sent) == 1


@pytest.mark.parametrize(
    "content",
    [b"x" * 30_000_000, b"\n" * 1_000_000, b"\0" * 1_000_000, b"\xff" * 1_000_000],
    ids=["one line", "blank lines", "NULs", "no UTF-8"],
)
def test_a_manifest_of_any_size_takes_little(content: bytes) -> None:
    with door() as aws:
        aws.s3.put(f"{FOLDER}a.manifest", content)
        with bounded():
            assert call(reconcile_check.handler, task_event()) is None


def test_nothing_is_evaluated() -> None:
    """No handler uses functions that run code, run other programs, or unpickle."""
    means = {"eval", "exec", "compile", "__import__", "pickle", "marshal", "subprocess", "system"}
    used = {
        name
        for path in Path(classify_upload.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _names(node)
    }
    assert used & means <= {"compile"}, "re.compile alone"


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (each.name for each in names)
