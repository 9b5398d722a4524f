"""Curves as inline SVG: drawn once, crisp at every width, in the colours of whatever theme the page has.

Heights are pixels, widths percentages: lines stretch with the page, text and strokes do not.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Point = tuple[float, float]
HEIGHT, LABEL = 220, 15
"""Height of a chart's plane, and what a label takes of it, in pixels."""
MOST_POINTS = 400
LONGEST = 16
"""Characters of a label."""
COLOURS = 8
"""Colours that the page has."""
NO_LEVELS: Mapping[str, float] = {}


@dataclass(frozen=True)
class Curve:
    """A line of a chart: its points as SVG has them, its colour's number, and its label with where that stands."""

    name: str
    last: str
    points: str
    colour: int
    label_y: float
    level: float | None
    """Height of a dashed line in the same colour, where there is one."""


@dataclass(frozen=True)
class Chart:
    """Axes and curves, in pixels from the top and per cent from the left."""

    curves: list[Curve]
    y_ticks: list[tuple[float, str]]
    x_ticks: list[tuple[float, str]]
    zero: float | None
    """Height of y = 0, where it is inside."""
    height: int = HEIGHT


def chart(
    series: Mapping[str, Sequence[Point]],
    colours: Mapping[str, int],
    levels: Mapping[str, float] = NO_LEVELS,
) -> Chart:
    """Series of (x, y) by name, with a dashed line at `levels[name]`; NaN and infinities are left out."""
    kept = {
        name: [p for p in points if all(map(math.isfinite, p))] for name, points in series.items()
    }
    kept = {name: thinned(points) for name, points in kept.items() if points}
    ys = [y for points in kept.values() for _, y in points] + [
        levels[name] for name in kept if name in levels
    ]
    right = max((points[-1][0] for points in kept.values()), default=1)
    y_ticks, x_ticks = ticks(min([*ys, 0]), max([*ys, 0]), 5), ticks(0, right, 4)
    low, high = y_ticks[0], y_ticks[-1]

    def at(y: float) -> float:
        return round(HEIGHT * (high - y) / (high - low), 2)

    ends = spread([at(points[-1][1]) for points in kept.values()])
    return Chart(
        curves=[
            Curve(
                name=name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…",
                last=decimal(points[-1][1]),
                points=" ".join(f"{1000 * x / right:.4g},{at(y):g}" for x, y in points),
                colour=colours[name] % COLOURS,
                label_y=end,
                level=at(levels[name]) if name in levels else None,
            )
            for (name, points), end in zip(kept.items(), ends, strict=True)
        ],
        y_ticks=[(at(y), number(y)) for y in y_ticks],
        x_ticks=[(round(100 * x / right, 2), number(x)) for x in x_ticks if x <= right],
        zero=at(0) if low < 0 < high else None,
    )


def thinned(points: Sequence[Point]) -> list[Point]:
    """At most MOST_POINTS of them, the last among them."""
    step = math.ceil(len(points) / MOST_POINTS)
    return list(points[::-1][::step][::-1])


def ticks(low: float, high: float, n: int) -> list[float]:
    """About n round numbers, evenly spaced, from one at or below `low` to one at or above `high`.

    >>> ticks(-0.3, 2.31, 5)
    [-1.0, 0.0, 1.0, 2.0, 3.0]
    """
    width = max(high - low, 1e-9) / n
    power = 10.0 ** math.floor(math.log10(width))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= width * (1 - 1e-9))
    first, last = (
        math.floor(low / step + 1e-9),
        max(math.ceil(high / step - 1e-9), math.floor(low / step + 1e-9) + 1),
    )
    return [i * step for i in range(first, last + 1)]


def spread(heights: Sequence[float]) -> list[float]:
    """Heights of labels beside the ends of curves: as near as they can be without touching, in the same order."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed = [min(max(heights[i], 0), HEIGHT) for i in order]
    for a in range(1, len(placed)):
        placed[a] = max(placed[a], placed[a - 1] + LABEL)
    if placed and placed[-1] > HEIGHT:
        placed[-1] = HEIGHT
        for a in range(len(placed) - 2, -1, -1):
            placed[a] = min(placed[a], placed[a + 1] - LABEL)
    result = [0.0] * len(heights)
    for i, y in zip(order, placed, strict=True):
        result[i] = round(y, 2)
    return result


def number(value: float) -> str:
    """A tick: 1,500 or −0.5."""
    text = f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.3g}"
    return text.replace("-", "−")


def decimal(value: float, sign: bool = False) -> str:
    """A figure: 2.30 or −0.04, with a plus where signs are wanted."""
    return format(value, "+.2f" if sign else ".2f").replace("-", "−")
