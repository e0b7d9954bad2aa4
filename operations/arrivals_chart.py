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
LABEL_WIDTH = 120
"""Two labels side by side need this space; of two marks that are closer, one is lower."""


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
        is_near = abs(scale.x(finished) - scale.x(manifest)) < LABEL_WIDTH
        yield _mark(scale.x(manifest), "manifest", "mark", y=TOP + 16 if is_near else TOP - 10)
    yield _mark(scale.x(finished), "outcome", "end")
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


def _mark(x: float, name: str, class_: str, *, y: int = TOP - 10) -> str:
    anchor = "end" if x > WIDTH / 2 else "start"
    return (
        f'<line class="{class_}" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{name}</text>'
    )
