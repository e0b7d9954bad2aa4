"""A sorted stream that is read in blocks, with one key at its front.

Python orders text by code point, which is the order of the UTF-8 bytes: DynamoDB's Query, S3's LIST
and a sorted manifest return keys in this order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

END = "\U0010ffff" * 257
"""A text greater than every key: keys have at most 1,024 bytes, that is 256 such characters."""

KeyBlock = tuple[Sequence[str], Sequence[int | None] | None]
"""Keys in order, and their sizes in bytes if the stream contains them."""


@dataclass(frozen=True, slots=True)
class EmptyPage:
    """A page was read that contains no key; the stream has none up to *through*."""

    through: str


class SortedStream:
    """The next keys of a stream of blocks; :attr:`key` is END after the last one.

    After an empty page no key is ready, and :attr:`key` is less than the next key.
    """

    __slots__ = ("_blocks", "at", "key", "keys", "sizes", "through")

    def __init__(self, blocks: Iterator[KeyBlock | EmptyPage]) -> None:
        self._blocks = blocks
        self.keys: Sequence[str] = ()
        self.sizes: Sequence[int | None] | None = None
        self.at = 0
        self.key = ""
        self.through = ""
        """The end of the last empty page."""
        self.advance(0)

    @property
    def at_empty_page(self) -> bool:
        """True if the next key is not known yet; ``advance(0)`` reads it."""
        return not self.keys

    @property
    def size_bytes(self) -> int | None:
        """The size of the object at the front, if it is known."""
        return self.sizes[self.at] if self.sizes is not None else None

    @property
    def ready(self) -> int:
        """The number of keys that can be compared without reading."""
        return len(self.keys) - self.at

    def advance(self, number: int) -> None:
        """Skip *number* of the ready keys."""
        self.at += number
        while self.at >= len(self.keys):
            block = next(self._blocks, None)
            if block is None:
                self.keys, self.sizes, self.at, self.key = (END,), None, 0, END
                return
            self.at = 0
            if isinstance(block, EmptyPage):
                self.keys, self.sizes = (), None
                self.through, self.key = block.through, f"{block.through}\0"
                return
            self.keys, self.sizes = block
        self.key = self.keys[self.at]


def run_of(fronts: Sequence[SortedStream], *, most: int) -> int:
    """Return the number of next keys that all *fronts* have in common, at most *most*.

    Slices are compared in C; a growing window keeps short runs cheap.
    """
    first, *others = fronts
    most = min(most, *(front.ready for front in fronts))
    length, window = 0, 32
    while length < most:
        window = min(window * 2, most - length)
        start = first.at + length
        keys = first.keys[start : start + window]
        if any(
            keys != other.keys[other.at + length : other.at + length + window] for other in others
        ):
            return length + _first_difference(keys, others, length)
        length += window
    return length


def _first_difference(keys: Sequence[str], others: Sequence[SortedStream], offset: int) -> int:
    for number, key in enumerate(keys):
        if any(key != other.keys[other.at + offset + number] for other in others):
            return number
    return len(keys)
