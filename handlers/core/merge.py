"""Manifest, upload events and objects, merged as sorted streams: every key that differs.

Constant memory, whatever the size. A folder is implied by what is in it: only an empty
folder that is listed must be announced, and an announced one is unexpected only if
nothing listed is in it. S3 has ``dir/`` where an event says ``dir``, and what is in a
folder sorts after ``dir-a``: such a key is held until both are known. Those held are all
prefixes of the current key, so they are never more than its 1,024 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from handlers.core.difference import Difference, DifferenceType
from handlers.core.sorted_stream import END, SortedStream, run_of

LONGEST_RUN = 20_000
"""Keys between two looks at the clock."""


@dataclass(slots=True)
class Held:
    """A key of which it is not yet known whether something is in it."""

    key: str
    listed: bool
    announced: bool
    listed_bytes: int | None
    object_bytes: int | None
    is_folder: bool | None = None
    """Whether something listed is in it; None while that is not known."""
    in_s3: bool | None = None
    """Whether S3 has it, or something in it; None while that is not known."""

    def settled(self, *, verified: bool) -> bool:
        """Whether all is known that :meth:`judge` needs."""
        return self.is_folder is not None and (self.in_s3 is not None or not verified)

    def judge(self) -> Difference | None:
        """Return how the key differs, or None."""
        difference = self._difference()
        if difference is None:
            return None
        finding = Difference(key=self.key, difference=difference)
        if difference is DifferenceType.MISSING:
            return replace(finding, in_s3=self.in_s3)
        if difference is DifferenceType.SIZE_MISMATCH:
            return replace(finding, listed_bytes=self.listed_bytes, object_bytes=self.object_bytes)
        return finding

    def _difference(self) -> DifferenceType | None:
        """Return the first difference that fits."""
        if self.listed and not self.announced:
            return None if self.is_folder else DifferenceType.MISSING
        if self.in_s3 is False:
            return DifferenceType.ABSENT
        if not self.listed:
            return None if self.is_folder else DifferenceType.UNEXPECTED
        if self.listed_bytes is None or self.object_bytes in (None, self.listed_bytes):
            return None
        return DifferenceType.SIZE_MISMATCH


@dataclass(slots=True)
class Merge:
    """Three sorted streams and how far they have been compared."""

    listed: SortedStream
    announced: SortedStream
    objects: SortedStream | None
    """None where S3 is not asked; the sizes are then those of the events."""
    after: str = ""
    """The last key that was compared."""
    held: list[Held] = field(default_factory=list)
    compared: int = 0
    """How many listed keys were passed."""

    def differences(self, *, until: str = END) -> Iterator[Difference | None]:
        """Yield what differs up to the key *until*, or to the end; None is a time to stop.

        Between two steps the merge is whole: it can be taken up again at ``after``.
        """
        everything = [self.listed, self.announced]
        if self.objects is not None:
            everything.append(self.objects)
        while True:
            if self.held:
                yield from self._settle()
            key = min(front.key for front in everything)
            if key == END or (key > until and not self.held):
                return
            if not self.held and (run := self._run(everything, until)):
                self._pass(everything, run)
            else:
                yield from self._step(key)
            yield None

    def _run(self, everything: Sequence[SortedStream], until: str) -> int:
        """Return how many keys agree in all streams, sizes included."""
        run = run_of(everything, most=LONGEST_RUN)
        listed, truth = self.listed, everything[-1]
        if run and listed.sizes is not None and truth.sizes is not None:
            sizes = listed.sizes[listed.at : listed.at + run]
            if sizes != truth.sizes[truth.at : truth.at + run]:
                return next(
                    number
                    for number, size in enumerate(sizes)
                    if size != truth.sizes[truth.at + number]
                )
        return run

    def _pass(self, everything: Sequence[SortedStream], run: int) -> None:
        self.after = self.listed.keys[self.listed.at + run - 1]
        self.compared += run
        for front in everything:
            front.advance(run)

    def _step(self, key: str) -> Iterator[Difference]:
        """Compare one key, which not every stream has."""
        listed, announced, objects = self.listed, self.announced, self.objects
        truth = objects if objects is not None else announced
        held = Held(
            key=key,
            listed=listed.key == key,
            announced=announced.key == key,
            listed_bytes=listed.size_bytes if listed.key == key else None,
            object_bytes=truth.size_bytes if truth.key == key else None,
            in_s3=True if objects is not None and objects.key == key else None,
        )
        for front in (listed, announced, objects):
            if front is not None and front.key == key:
                front.advance(1)
        self.after = key
        self.compared += held.listed
        if not held.listed and not held.announced:
            return
        if held.listed and held.announced and (objects is None or held.in_s3):
            held.is_folder = False
            held.in_s3 = True
            yield from filter(None, [held.judge()])
        else:
            self.held.append(held)

    def _settle(self) -> Iterator[Difference]:
        """Judge what is known of the held keys now that the streams have moved on."""
        verified = self.objects is not None
        for held in list(self.held):
            inside = f"{held.key}/"
            if held.is_folder is None and self.listed.key >= inside:
                held.is_folder = self.listed.key.startswith(inside)
            if held.in_s3 is None and self.objects is not None and self.objects.key >= inside:
                held.in_s3 = self.objects.key.startswith(inside)
                if self.objects.key == inside:
                    held.object_bytes = self.objects.size_bytes
            if held.settled(verified=verified):
                self.held.remove(held)
                yield from filter(None, [held.judge()])

    def position(self) -> list[Any]:
        """Return what a later merge needs to go on after ``after``, as JSON.

        Held keys are prefixes of ``after``: their lengths say which.
        """
        return [
            [
                len(held.key),
                held.listed,
                held.announced,
                held.listed_bytes,
                held.object_bytes,
                held.is_folder,
                held.in_s3,
            ]
            for held in self.held
        ]

    def take_up(self, after: str, position: Sequence[Sequence[Any]]) -> None:
        """Go on where another merge stood; the streams begin after *after*."""
        self.after = after
        self.held = [
            Held(
                key=after[:length],
                listed=listed,
                announced=announced,
                listed_bytes=listed_bytes,
                object_bytes=object_bytes,
                is_folder=is_folder,
                in_s3=in_s3,
            )
            for length, listed, announced, listed_bytes, object_bytes, is_folder, in_s3 in position
        ]
