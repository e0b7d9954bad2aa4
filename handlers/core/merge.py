"""Merge manifest, upload events and objects as sorted streams, and yield every key that differs.

Memory is constant. A folder is implied by its contents: only an empty folder in the manifest must
be announced. S3 has ``dir/`` where an event has ``dir``, and the contents of a folder sort after
``dir-a``: such a key is held until its contents are known. All held keys are prefixes of the current key,
so there are at most 1,024 of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.core.difference import Difference, Remark, RemarkType
from handlers.core.held import Held
from handlers.core.sorted_stream import END, SortedStream, run_of

LONGEST_RUN = 20_000
"""The most keys between two safe points to stop."""


@dataclass(slots=True)
class Merge:
    """Three sorted streams, and the position up to which they are compared."""

    listed: SortedStream
    announced: SortedStream
    objects: SortedStream | None
    """None if S3 is not read; the sizes are then those of the events."""
    ignored: Callable[[str], bool] = lambda key: False
    """Returns whether the settings ignore an unexpected key."""
    after: str = ""
    """The last key that was compared."""
    held: list[Held] = field(default_factory=list)

    def differences(self, *, until: str = END) -> Iterator[Difference | Remark | None]:
        """Yield the differences and remarks up to the key *until*, or to the end.

        A yielded None marks a safe point to stop. Between two steps the merge can be resumed at
        ``after``, and its announced keys after ``announced.through``.
        """
        streams = [self.listed, self.announced]
        if self.objects is not None:
            streams.append(self.objects)
        while True:
            if self.held:
                yield from self._settle()
            key = min(stream.key for stream in streams)
            if key == END or (key > until and not self.held):
                return
            if self.announced.at_empty_page and self.announced.key == key:
                self.announced.advance(0)
            elif not self.held and (run := self._run(streams)):
                self._pass(streams, run)
            else:
                yield from self._step(key)
            yield None

    def _run(self, streams: Sequence[SortedStream]) -> int:
        """Return the number of next keys that agree in all streams, also in size."""
        run = run_of(streams, most=LONGEST_RUN)
        listed, truth = self.listed, streams[-1]
        if run and listed.sizes is not None and truth.sizes is not None:
            sizes = listed.sizes[listed.at : listed.at + run]
            if sizes != truth.sizes[truth.at : truth.at + run]:
                return next(
                    number
                    for number, size in enumerate(sizes)
                    if size != truth.sizes[truth.at + number]
                )
        return run

    def _pass(self, streams: Sequence[SortedStream], run: int) -> None:
        self.after = self.listed.keys[self.listed.at + run - 1]
        for stream in streams:
            stream.advance(run)

    def _step(self, key: str) -> Iterator[Difference | Remark]:
        """Compare one key that is not in every stream, or has different sizes."""
        held = self._held(key)
        self.after = key
        for stream in (self.listed, self.announced, self.objects):
            if stream is not None and stream.key == key:
                stream.advance(1)
        if not held.listed and not held.announced:
            if not key.endswith("/"):  # the marker of a folder is not a file
                yield Remark(key=key, type=RemarkType.UNANNOUNCED)
        elif held.settled(verified=self.objects is not None):
            yield from filter(None, [held.judge(self.ignored)])
        else:
            self.held.append(held)

    def _held(self, key: str) -> Held:
        """Return the streams' information on *key*, which is at the front of at least one of them."""
        objects = self.objects
        truth = objects if objects is not None else self.announced
        held = Held(
            key=key,
            listed=self.listed.key == key,
            announced=self.announced.key == key,
            listed_bytes=self.listed.size_bytes if self.listed.key == key else None,
            object_bytes=truth.size_bytes if truth.key == key else None,
        )
        if objects is not None and objects.key == key:
            held.in_s3 = True
        if held.is_file:
            held.is_folder = False
            held.in_s3 = held.in_s3 or (None if objects is None else False)
        elif held.listed and held.announced and (objects is None or held.in_s3):
            held.is_folder = False  # the result is the same in both cases
        return held

    def _settle(self) -> Iterator[Difference | Remark]:
        """Judge the held keys that are settled now."""
        verified = self.objects is not None
        for held in list(self.held):
            inside = f"{held.key}/"
            if held.is_folder is None and self.listed.key >= inside:
                held.is_folder = self.listed.key.startswith(inside)
            if held.in_s3 is None and self.objects is not None and self.objects.key >= inside:
                held.in_s3 = held.folder_in_s3 = self.objects.key.startswith(inside)
                if self.objects.key == inside:
                    held.object_bytes = self.objects.size_bytes
            if held.settled(verified=verified):
                self.held.remove(held)
                yield from filter(None, [held.judge(self.ignored)])

    def position(self) -> list[dict[str, Any]]:
        """Return the held keys for JSON; with ``after``, they are the state of the merge."""
        return [held.payload() for held in self.held]

    def take_up(self, after: str, position: Sequence[Any]) -> None:
        """Resume another merge at *after*; the streams begin after that key."""
        self.after = after
        self.held = [Held.from_payload(each, after=after) for each in position]
