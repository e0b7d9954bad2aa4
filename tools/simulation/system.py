"""The deployed part of the system, from the uploads queue to the table, on a simulated clock."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

from handlers.aws.lambda_environment import (
    ClassifyEnvironment,
    LambdaEnvironment,
    RecordEnvironment,
    TelemetryEnvironment,
)
from stacks.queue_timing import (
    DEAD_LETTER_RETENTION_SECONDS,
    RECORDS,
    RETENTION_SECONDS,
    UPLOADS,
    QueueTiming,
)
from tools.simulation.clock import Clock
from tools.simulation.mapping import Handler
from tools.simulation.mapping import Mapping as EventSourceMapping
from tools.simulation.queue import Queue
from tools.simulation.services import Bus, QueueApi, RegisterTable, Table
from tools.simulation.usage import Usage

ENVIRONMENTS: tuple[LambdaEnvironment, ...] = (
    TelemetryEnvironment(
        powertools_service_name="simulation",
        powertools_metrics_namespace="Simulation",
        version="simulated",
    ),
    ClassifyEnvironment(
        event_bus_name="vault",
        job_dir_suffix="-vaultjob",
        manifest_suffix=".manifest",
        upload_queue_url="uploads",
        upload_dead_letters_url="uploads-dead-letters",
    ),
    RecordEnvironment(
        upload_event_table="upload-events",
        expiry_days=30,
        record_queue_url="records",
        record_dead_letters_url="records-dead-letters",
        set_table="sets",
        job_dir_suffix="-vaultjob",
    ),
)
VARIABLES = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    **{name: value for each in ENVIRONMENTS for name, value in each.variables().items()},
}
WRITERS = 8
MEMORY_MB = 256


@dataclass(slots=True, kw_only=True)
class System:
    """The queues and the table, and the billed use of both."""

    clock: Clock
    usage: Usage
    uploads: Queue
    records: Queue
    dead_letters: Mapping[str, Queue]
    table: Table
    mappings: tuple[EventSourceMapping, ...]

    @property
    def dead(self) -> int:
        """The number of dead letters."""
        return sum(map(len, self.dead_letters.values()))

    @property
    def lost(self) -> int:
        """The number of messages that exceeded their retention."""
        return sum(queue.expired for queue in (self.uploads, self.records))


@contextmanager
def simulated(
    *,
    writes_a_second: float,
    table_is_available: Callable[[float], bool] = lambda seconds: True,
    record_is_broken: Callable[[float], bool] = lambda seconds: False,
) -> Iterator[System]:
    """Yield a system with the real handlers; both functions receive the seconds since the start."""
    with patch.dict(os.environ, VARIABLES), redirect_stdout(_Nowhere()):
        from handlers import classify_upload, record_upload
        from handlers.aws import dead_letters, register, register_table, source_queue, upload_rows

        clock, usage = Clock(), Usage()
        queue = partial(_queue, clock, usage)
        dead = {
            name: queue(DEAD_LETTER_RETENTION_SECONDS)
            for name in ("uploads-dead-letters", "records-dead-letters")
        }
        uploads = queue(RETENTION_SECONDS, UPLOADS, dead["uploads-dead-letters"])
        records = queue(RETENTION_SECONDS, RECORDS, dead["records-dead-letters"])
        table = Table(
            clock=clock,
            usage=usage,
            writes_a_second=writes_a_second,
            writers=WRITERS,
            is_available=lambda now: table_is_available(now - clock.start),
        )
        api = QueueApi(clock, usage, {"uploads": uploads, "records": records, **dead})
        record = _broken(record_upload.handler, lambda: record_is_broken(clock.now - clock.start))
        mappings = (
            _mapping(clock, usage, uploads, classify_upload.handler, UPLOADS, 0.0005),
            _mapping(clock, usage, records, record, RECORDS, 0.01),
        )
        for mapping in mappings:
            mapping.start()
        with (
            patch.object(classify_upload, "events", Bus(clock, usage, records)),
            patch.object(dead_letters, "sqs", api),
            patch.object(upload_rows, "dynamodb", table),
            patch.object(
                register_table, "dynamodb", RegisterTable(clock, usage, table.is_available)
            ),
            patch.object(register, "time", clock),
            patch.object(upload_rows, "time", clock),
            patch.object(upload_rows, "ThreadPoolExecutor", OneByOne),
            patch.object(source_queue, "time", clock),
        ):
            yield System(
                clock=clock,
                usage=usage,
                uploads=uploads,
                records=records,
                dead_letters=dead,
                table=table,
                mappings=mappings,
            )


class OneByOne(Executor):
    """Runs calls one after the other; the table charges the time of parallel calls."""

    def __init__(self, max_workers: int) -> None:
        self.max_workers = max_workers

    def map(  # type: ignore[override]
        self, function: Callable[[Any], Any], *iterables: Iterable[Any]
    ) -> Iterator[Any]:
        """Yield the results of *function*."""
        return map(function, *iterables)


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


def _queue(
    clock: Clock,
    usage: Usage,
    retention_seconds: int,
    timing: QueueTiming | None = None,
    dead_letters: Queue | None = None,
) -> Queue:
    return Queue(
        clock=clock,
        usage=usage,
        retention_seconds=retention_seconds,
        visibility_seconds=timing.visibility_seconds if timing else 30,
        max_receives=timing.receives if timing else None,
        dead_letters=dead_letters,
    )


def _mapping(
    clock: Clock,
    usage: Usage,
    queue: Queue,
    handler: Handler,
    timing: QueueTiming,
    seconds_a_message: float,
) -> EventSourceMapping:
    return EventSourceMapping(
        clock=clock,
        usage=usage,
        queue=queue,
        handler=handler,
        batch_size=timing.batch_size,
        concurrency=timing.maximum_concurrency,
        timeout_seconds=timing.function_timeout_seconds,
        memory_mb=MEMORY_MB,
        seconds_a_message=seconds_a_message,
    )


def _broken(handler: Handler, is_broken: Callable[[], bool]) -> Handler:
    """Return *handler*; while it is broken, one of its variables is missing."""

    def deployed(event: dict[str, Any], context: Any) -> Any:
        if not is_broken():
            return handler(event, context)
        with patch.dict(os.environ):
            del os.environ["UPLOAD_EVENT_TABLE"]
            return handler(event, context)

    return deployed
