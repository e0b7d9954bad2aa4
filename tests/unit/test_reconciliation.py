"""A reconciliation ends with the right result, for any order of arrivals and any interruptions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.core.difference import Difference, DifferenceType
from handlers.core.merge import Merge
from handlers.core.progress import Progress, advance
from handlers.core.sorted_stream import KeyBlock, SortedStream

KEYS = st.lists(st.sampled_from(["a", "b", "a-", "a0", "é"]), min_size=1, max_size=3).map("/".join)


def folders(keys: set[str]) -> set[str]:
    """Return every folder that contains one of *keys*."""
    return {key[:end] for key in keys for end, character in enumerate(key) if character == "/"}


@dataclass
class World:
    """A dataset that changes during the comparison; S3 has folders as ``dir/`` or not at all."""

    listed: set[str]
    announced: set[str]
    objects: set[str]
    a_block: int
    to_come: list[str] = field(default_factory=list)

    def differences(self) -> dict[str, DifferenceType]:
        """Compare plain sets, as the specification does."""
        implied = folders(self.listed)
        in_s3 = {key.rstrip("/") for key in self.objects} | folders(self.objects)
        files = {key for key in self.objects if not key.endswith("/")}
        found = dict.fromkeys(
            (self.announced & files) - self.listed - implied, DifferenceType.UNEXPECTED
        )
        found |= dict.fromkeys((self.announced & self.listed) - in_s3, DifferenceType.ABSENT)
        return found | dict.fromkeys(self.listed - self.announced - implied, DifferenceType.MISSING)

    def open_merge(self, progress: Progress) -> tuple[Merge, Callable[[], int]]:
        """Open streams of the present data at *progress*."""

        def blocks(keys: set[str]) -> Iterator[KeyBlock]:
            rest = sorted(key for key in keys if key > progress.after)
            for start in range(0, len(rest), self.a_block):
                yield rest[start : start + self.a_block], None

        merge = Merge(
            listed=SortedStream(blocks(self.listed)),
            announced=SortedStream(blocks(self.announced)),
            objects=SortedStream(blocks(self.objects)),
        )
        merge.take_up(progress.after, progress.held)
        return merge, lambda: 0

    def cleared(self, difference: Difference) -> bool:
        """Return whether one key no longer differs."""
        return self.differences().get(difference.key) is not difference.type

    def arrive(self) -> None:
        """Upload and announce the next file."""
        if self.to_come:
            key = self.to_come.pop()
            self.objects.add(key)
            self.announced.add(key)


@settings(max_examples=300)
@given(
    listed=st.sets(KEYS, min_size=1, max_size=8),
    announced=st.sets(KEYS, max_size=6),
    extra=st.sets(KEYS, max_size=2),
    a_block=st.integers(1, 4),
    data=st.data(),
)
def test_a_reconciliation_ends_with_the_right_result(
    listed: set[str], announced: set[str], extra: set[str], a_block: int, data: st.DataObject
) -> None:
    """Pitfalls 11, 12: files arrive between the checks and in the middle of them."""
    world = World(listed, announced & listed | extra, announced | extra, a_block)
    late = [key for key in world.differences() if key in listed]
    world.to_come = data.draw(st.permutations(late))
    steps = 0

    def out_of_time() -> bool:
        nonlocal steps
        steps += 1
        if data.draw(st.booleans()):
            world.arrive()
        return steps % 3 == 0 and data.draw(st.booleans())

    progress = Progress()
    for check in range(400):
        stood_at = progress.difference
        carried = Progress.from_payload(json.loads(json.dumps(progress.payload())))
        progress = advance(
            carried,
            world.open_merge,
            cleared=world.cleared,
            out_of_time=out_of_time,
        )
        if progress.done:
            assert world.differences() == {}
            return
        if progress.difference and progress.difference == stood_at and not world.to_come:
            assert world.differences()[progress.difference.key] is progress.difference.type
            return
        if check > 5:
            world.arrive()
    raise AssertionError("it does not end")
