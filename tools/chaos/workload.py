"""The uploads of a run, and their expected results. Pure: the same seed gives the same workload."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum, auto
from random import Random
from typing import Any, Self

from awscrt.checksums import crc64nvme

FILES = (40, 120)
MOST_BYTES = 2_000
WRITTEN_AGAIN = 0.05
MANIFEST_TWICE = 0.3
LANES = 8
TIME_OUT_SECONDS = 300
"""The time until a set times out in the environment ``chaos``, on a busy machine.

Outages of one minute each, one after the other, delay an upload by less than this time.
"""


class Kind(Enum):
    """The end of a set, and its reason."""

    COMPLETE = auto()
    WITHHELD = auto()
    """Listed files are never written, so that the set times out."""
    DELETED = auto()
    """Files are deleted from the bucket after they were announced, so that the set times out."""
    OTHER = auto()
    """Files have other bytes of the right size, so that the set times out."""
    STOPPED = auto()
    """A file is withheld, and the executions are stopped, so that the set fails."""


KINDS = {
    1: Kind.WITHHELD,
    3: Kind.DELETED,
    5: Kind.STOPPED,
    7: Kind.WITHHELD,
    9: Kind.OTHER,
    11: Kind.OTHER,
}
"""The kinds in each group of twelve sets; all others are complete."""
CHECKSUMS = {2: "sha256", 6: "crc64nvme", 9: "sha256", 11: "crc64nvme"}
"""The algorithms in each group of twelve sets; the manifests of all others are plain."""
HASHES: Mapping[str, Callable[[bytes], str]] = {
    "crc64nvme": lambda content: f"{crc64nvme(content):016x}",
    "sha256": lambda content: hashlib.sha256(content).hexdigest(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """The gateway's action on a key, *at* seconds after the beginning of the run.

    The actions of a lane run one after the other, so that the actions on a key keep their order.
    """

    at: float
    lane: int
    does: str
    """``write`` and announce, ``announce`` once more, or ``delete``."""
    key: str
    body: str = ""

    def line(self) -> str:
        """Return the action as a line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read the result of :meth:`line`."""
        return cls(**json.loads(line))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSet:
    """A set, and its expected result."""

    set_id: str
    kind: Kind
    started: float
    rows: dict[str, int] = field(default_factory=dict)
    """The last written size of each announced key."""
    missing: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    other: frozenset[str] = frozenset()
    is_verified: bool = False
    """Whether the manifest has checksums."""

    @property
    def manifest(self) -> str:
        """The key of the set's manifest."""
        return f"{self.set_id}-vaultjob/{self.set_id}.manifest"

    @property
    def files(self) -> int:
        """The number of keys that the manifest lists."""
        return len(self.rows) - 1 + len(self.missing)


@dataclass(frozen=True, slots=True)
class Workload:
    """The sets of a run, and the actions in the order of time."""

    sets: tuple[ExpectedSet, ...]
    actions: tuple[Action, ...]

    @property
    def uploads(self) -> int:
        """The number of keys that must have a row at the end."""
        return sum(len(each.rows) for each in self.sets)


def workload(seed: int, seconds: float) -> Workload:
    """Return the workload of a run that injects faults for *seconds*."""
    random = Random(f"workload {seed}")
    made = [_set(seed, number, seconds, random) for number in range(8 + round(seconds / 15))]
    actions = [action for _, actions in made for action in actions]
    return Workload(
        tuple(expected for expected, _ in made), tuple(sorted(actions, key=lambda each: each.at))
    )


def _set(
    seed: int, number: int, seconds: float, random: Random
) -> tuple[ExpectedSet, list[Action]]:
    kind = KINDS.get(number % 12, Kind.COMPLETE)
    latest = (
        0.7 * seconds if kind is Kind.COMPLETE else max(0.15 * seconds, seconds - TIME_OUT_SECONDS)
    )
    started, spread = random.uniform(0, latest), min(10.0, 0.15 * seconds)
    set_id, lane = f"set-{seed}-{number:03}", number % LANES
    keys = [f"{set_id}-vaultjob/{name}" for name in _names(random.randint(*FILES))]
    some = frozenset(random.sample(keys, {Kind.COMPLETE: 0, Kind.STOPPED: 1}.get(kind, 3)))
    checksum = CHECKSUMS.get(number % 12, "")
    expected = ExpectedSet(
        set_id=set_id,
        kind=kind,
        started=started,
        missing=some if kind in {Kind.WITHHELD, Kind.STOPPED} else frozenset(),
        absent=some if kind is Kind.DELETED else frozenset(),
        other=some if kind is Kind.OTHER else frozenset(),
        is_verified=bool(checksum),
    )
    actions, listed = [], dict.fromkeys(keys, "")
    for key in keys:
        at = started + random.uniform(0, spread)
        times = 0 if key in expected.missing else 2 if random.random() < WRITTEN_AGAIN else 1
        for again in range(times):
            body = listed[key] = "x" * random.randint(1, MOST_BYTES)
            if key in expected.other:
                body = "y" * len(body)
            expected.rows[key] = len(body.encode())
            actions.append(Action(at=at + 4 * again, lane=lane, does="write", key=key, body=body))
    last = max(action.at for action in actions)
    actions += [
        Action(at=last, lane=lane, does="delete", key=key) for key in sorted(expected.absent)
    ]
    # A manifest may arrive before files, but not before the files that are deleted afterwards.
    at = last + 0.1 if expected.absent else started + random.uniform(0.3, 1.1) * spread
    text = _checksummed(listed, checksum) if checksum else "".join(f"{key}\n" for key in keys)
    expected.rows[expected.manifest] = len(text.encode())
    actions.append(Action(at=at, lane=lane, does="write", key=expected.manifest, body=text))
    if random.random() < MANIFEST_TWICE:
        actions.append(
            Action(at=at + 2, lane=lane, does="announce", key=expected.manifest, body=text)
        )
    return expected, actions


def _checksummed(listed: Mapping[str, str], algorithm: str) -> str:
    """Return a manifest of form 2 for the keys and contents in *listed*."""
    contents = {key: listed[key].encode() for key in sorted(listed, key=str.encode)}
    lines = "".join(
        f"{len(content)} {HASHES[algorithm](content)} {key}\n" for key, content in contents.items()
    )
    header = (
        f"#vault-manifest 2 began=0 entries={len(contents)} bytes={sum(map(len, contents.values()))}"
        f" checksum={algorithm} sha256={hashlib.sha256(lines.encode()).hexdigest()}\n"
    )
    return header + lines


def _names(number: int) -> Iterator[str]:
    """Yield file names in several folders; their sorted order differs from their numbers."""
    for each in range(number):
        yield f"folder {each % 3}/{each} naïve.csv" if each % 2 else f"{each}%20{number - each}.txt"


def lines(actions: tuple[Action, ...]) -> str:
    """Return *actions* as lines of JSON."""
    return "".join(f"{action.line()}\n" for action in actions)


def from_lines(text: str) -> list[Action]:
    """Read the result of :func:`lines`."""
    read: Any = text.splitlines()
    return [Action.from_line(line) for line in read]
