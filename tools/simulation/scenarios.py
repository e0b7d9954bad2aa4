"""Scenarios of outages and errors, and their effect on every upload."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from tools.simulation.system import System, simulated

HOUR = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The arrival of uploads, and the duration of the outages."""

    name: str
    uploads: int = 1_000_000
    sets: int = 1
    uploads_a_second: int = 5_000
    writes_a_second: int = 1_000
    outage_seconds: int = 0
    """The seconds after the first upload for which the table is unavailable."""
    broken_seconds: int = 0
    """The seconds for which a deployment of the record function cannot run."""


SCENARIOS = (
    Scenario(name="A burst: a million uploads of one set, five times what the table takes"),
    Scenario(name="The table is unavailable for 6 hours", outage_seconds=6 * HOUR),
    Scenario(name="A bad deployment of record_upload for 12 hours", broken_seconds=12 * HOUR),
    Scenario(
        name="100,000 uploads of 20,000 sets, and the table is unavailable for 6 hours",
        uploads=100_000,
        sets=20_000,
        outage_seconds=6 * HOUR,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result for the uploads."""

    scenario: Scenario
    recorded: int
    dead: int
    lost: int
    seconds: float
    """The seconds from the first upload to the last row."""
    receives: int
    """The highest number of receives of a message."""
    in_flight: int
    """The highest number of messages of the records queue in flight at once."""
    throttled: int
    dollars: float

    @property
    def is_complete(self) -> bool:
        """True if every upload is in the table, without dead letters or lost messages."""
        return (self.recorded, self.dead, self.lost) == (self.scenario.uploads, 0, 0)


def run(scenario: Scenario) -> Result:
    """Run *scenario* until no message is left."""
    with simulated(
        writes_a_second=scenario.writes_a_second,
        table_is_available=lambda seconds: seconds >= scenario.outage_seconds,
        record_is_broken=lambda seconds: seconds < scenario.broken_seconds,
    ) as system:
        _arrive(system, scenario)
        system.clock.run()
        return Result(
            scenario=scenario,
            recorded=len(system.table.rows),
            dead=system.dead,
            lost=system.lost + len(system.uploads) + len(system.records),
            seconds=system.table.last_written - system.clock.start,
            receives=system.records.most_receives,
            in_flight=system.records.most_in_flight,
            throttled=system.table.throttled,
            dollars=system.usage.dollars,
        )


def _arrive(system: System, scenario: Scenario) -> None:
    """Schedule the arrival of the uploads for each second."""
    for second, first in enumerate(range(0, scenario.uploads, scenario.uploads_a_second)):
        last = min(first + scenario.uploads_a_second, scenario.uploads)
        when = system.clock.start + second
        system.clock.at(when, partial(_send, system, scenario, range(first, last), when))


def _send(system: System, scenario: Scenario, numbers: range, when: float) -> None:
    system.usage.sqs_requests += len(numbers)
    system.uploads.send(_bodies(scenario, numbers, when))


def _bodies(scenario: Scenario, numbers: range, when: float) -> Iterator[Callable[[], str]]:
    time = datetime.fromtimestamp(when, UTC).isoformat()
    for number in numbers:
        yield partial(_event, number, number % scenario.sets, time)


def _event(number: int, set_number: int, time: str) -> str:
    """Return the gateway's event for one upload."""
    return json.dumps(
        {
            "version": "0",
            "id": "2649b160-d59d-c97f-3f64-8aaa9ea6aed3",
            "detail-type": "Storage Gateway Object Upload Event",
            "source": "aws.storagegateway",
            "account": "123456789012",
            "time": time,
            "region": "us-east-1",
            "resources": ["arn:aws:storagegateway:us-east-1:123456789012:share/share-F123D451"],
            "detail": {
                "object-size": 1024,
                "modification-time": "2020-01-05T12:30:00Z",
                "object-key": f"set-{set_number}-vaultjob/folder-{number // 1000}/file-{number}",
                "event-type": "object-upload-complete",
                "prefix": "",
                "bucket-name": "vault-dev-uploads-20261124123456",
            },
        }
    )
