"""Curves as inline SVG in the colours of the page's theme, and numbers as pages write them.

Heights are pixels, widths percentages: lines stretch with the page, text and strokes do not.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

from infogan.latent.codes import Code

Point = tuple[float, float]
HEIGHT, LABEL = 220, 15
"""Height of a chart's plane, and what a label takes of it, in pixels."""
MOST_POINTS = 400
LONGEST = 16
"""Characters of a label."""
COLOURS = 8
"""Colours that the page has."""
NONE: Mapping[str, float] = {}


@dataclass(frozen=True)
class Curve:
    """A line of a chart: points as SVG has them, its colour's number, its label and its place."""

    name: str
    last: str
    points: str
    colour: int
    label_y: float
    ceiling: float | None
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
    ceilings: Mapping[str, float] = NONE,
) -> Chart:
    """Series of (x, y) by name, with a dashed line at `ceilings[name]`; only finite points, and at
    most MOST_POINTS of them, the last among them."""
    kept = {}
    for name, points in series.items():
        if finite := [point for point in points if np.isfinite(point).all()]:
            kept[name] = finite[::-1][:: math.ceil(len(finite) / MOST_POINTS)][::-1]
    ys = [y for points in kept.values() for _, y in points]
    ys += [0, *(ceilings[name] for name in kept if name in ceilings)]
    right = max((points[-1][0] for points in kept.values()), default=1)
    y_ticks, x_ticks = ticks(min(ys), max(ys), 5), ticks(0, right, 4)
    low, high = y_ticks[0], y_ticks[-1]

    def at(y: float) -> float:
        return round(HEIGHT * (high - y) / (high - low), 2)

    ends = apart([at(points[-1][1]) for points in kept.values()])
    curves = [
        Curve(
            name=name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…",
            last=decimal(points[-1][1]),
            points=" ".join(f"{1000 * x / right:.4g},{at(y):g}" for x, y in points),
            colour=colours[name] % COLOURS,
            label_y=end,
            ceiling=at(ceilings[name]) if name in ceilings else None,
        )
        for (name, points), end in zip(kept.items(), ends, strict=True)
    ]
    return Chart(
        curves=curves,
        y_ticks=[(at(y), number(y)) for y in y_ticks],
        x_ticks=[(round(100 * x / right, 2), number(x)) for x in x_ticks if x <= right],
        zero=at(0) if low < 0 < high else None,
    )


def ticks(low: float, high: float, n: int) -> list[float]:
    """About n round numbers, evenly spaced, that `low` and `high` lie between."""
    found = MaxNLocator(n, steps=[1, 2, 5, 10]).tick_values(low, max(high, low + 1e-9))
    return [float(tick) for tick in found]


def apart(heights: Sequence[float]) -> list[float]:
    """Heights of labels beside the ends of curves, in the same order: as near to them as can be
    without touching each other."""
    order, steps = np.argsort(heights, kind="stable"), LABEL * np.arange(len(heights))
    wanted = np.clip(heights, 0, HEIGHT)[order]
    placed = np.empty(len(heights))
    placed[order] = np.maximum.accumulate(wanted - steps) + steps  # each below the one before it
    placed[order] = np.minimum(placed[order], HEIGHT - steps[::-1])  # and all within the plane
    result: list[float] = placed.round(2).tolist()
    return result


def number(value: float) -> str:
    """A tick: 1,500 or −0.5."""
    text = f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.3g}"
    return text.replace("-", "−")


def decimal(value: float, sign: bool = False, digits: int = 2) -> str:
    """A figure: 2.30 or −0.04, with a plus where signs are wanted."""
    return f"{value:{'+' * sign}.{digits}f}".replace("-", "−")


def swept(code: Code, values: Sequence[float]) -> list[str]:
    """Evenly spaced values of a continuous code, with as many decimals as tell them apart: −0.5, 0,
    +0.5; of an angle in degrees."""
    if code.periodic:
        return [f"{math.degrees(value):.0f}°".replace("-", "−") for value in values]
    step = np.ptp(values) / max(1, len(values) - 1)
    digits = max(1, -math.floor(math.log10(step))) if step else 1
    texts = [f"{value:+.{digits}f}" for value in values]
    return ["0" if not float(text) else text.replace("-", "−") for text in texts]
