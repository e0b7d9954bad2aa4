"""A chart of arrivals over time as SVG, which shows when a set stalled. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from operations.counted import counted
from operations.moments import duration, utc

WIDTH, HEIGHT = 900, 300
LEFT, RIGHT, TOP, BOTTOM = 90, 20, 30, 45
MOST_POINTS = 400
LABEL_WIDTH = 75
"""The space of a label; the manifest's is that far from the outcome's."""


def chart(
    times: Sequence[int],
    *,
    manifest: int | None,
    started: int,
    finished: int,
    iterations: int | None,
) -> Iterator[str]:
    """Yield the SVG of *times*, sorted Unix seconds of arrivals, with the main events of the set."""
    moments = [each for each in (times[0], times[-1], manifest, started, finished) if each]
    first, last = min(moments), max(moments)
    scale = _Scale(first, max(last, first + 1), len(times))
    yield (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="chart-title chart-text">'
        '<title id="chart-title">Arrivals over time</title>'
        f'<desc id="chart-text">{escape(summary(times))}</desc>'
    )
    yield (
        f'<rect class="band" x="{scale.x(started):.1f}" y="{TOP}"'
        f' width="{max(3.0, scale.x(finished) - scale.x(started)):.1f}"'
        f' height="{HEIGHT - TOP - BOTTOM}"/>'
    )
    yield from _axes(scale, first, last, len(times))
    yield f'<polyline class="curve" points="{" ".join(_points(times, scale))}"/>'
    if manifest is not None:
        yield _line(scale.x(manifest), "mark")
        yield _label(min(scale.x(manifest), scale.x(finished) - LABEL_WIDTH), "manifest")
    yield _line(scale.x(finished), "end")
    yield _label(scale.x(finished), "outcome")
    if iterations is not None:
        middle = (scale.x(started) + scale.x(finished)) / 2
        yield (
            f'<text x="{min(max(middle, LEFT + 60), WIDTH - RIGHT - 60):.1f}"'
            f' y="{HEIGHT - BOTTOM - 8}" text-anchor="middle">{counted(iterations, "iteration")}</text>'
        )
    yield "</svg>"


def summary(times: Sequence[int]) -> str:
    """Return the curve in sentences: the number, the period and the longest pause."""
    text = f"{counted(len(times), 'file')} arrived from {utc(times[0])} to {utc(times[-1])} UTC."
    pauses = [(after - before, before) for before, after in pairwise(times)]
    if pauses:
        pause, since = max(pauses)
        text += f" The longest pause was {duration(pause)}, from {utc(since)} UTC on."
    return text


class _Scale:
    """Convert times and numbers to coordinates."""

    def __init__(self, first: int, last: int, number: int) -> None:
        self._first, self._seconds, self._number = first, last - first, number

    def x(self, moment: float) -> float:
        return LEFT + (moment - self._first) / self._seconds * (WIDTH - LEFT - RIGHT)

    def y(self, number: float) -> float:
        return HEIGHT - BOTTOM - number / self._number * (HEIGHT - TOP - BOTTOM)


def _points(times: Sequence[int], scale: _Scale) -> Iterator[str]:
    """Yield a step for each arrival; of many arrivals, only as many as are visible."""
    step = max(1, len(times) // MOST_POINTS)
    before = 0
    for number in [*range(0, len(times), step), len(times) - 1]:
        x = scale.x(times[number])
        yield f"{x:.1f},{scale.y(before):.1f}"
        before = number + 1
        yield f"{x:.1f},{scale.y(before):.1f}"


def _axes(scale: _Scale, first: int, last: int, number: int) -> Iterator[str]:
    bottom = HEIGHT - BOTTOM
    yield f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{WIDTH - RIGHT}" y2="{bottom}"/>'
    yield f'<line class="axis" x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{bottom}"/>'
    yield f'<text x="{LEFT - 8}" y="{TOP + 5}" text-anchor="end">{number:,}</text>'
    yield f'<text x="{LEFT - 8}" y="{bottom}" text-anchor="end">0</text>'
    yield f'<text x="{LEFT}" y="{HEIGHT - 20}">{utc(first)}</text>'
    yield f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 20}" text-anchor="end">{utc(last)} UTC</text>'


def _line(x: float, class_: str) -> str:
    return f'<line class="{class_}" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>'


def _label(x: float, name: str) -> str:
    """Return a text that ends at *x*, or further right if it would be cut on the left edge."""
    return f'<text x="{max(x, LABEL_WIDTH):.1f}" y="{TOP - 10}" text-anchor="end">{name}</text>'
