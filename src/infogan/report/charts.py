"""Curves as inline SVG in the page's colours, pixels high and % wide; numbers as pages write."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from infogan.core.figures import short
from infogan.latent.codes import Code

Point = tuple[float, float]
Series = Mapping[str, Sequence[Point]]
HEIGHT, LABEL = 220, 15  # height of a chart's plane, and what a label takes of it, in pixels
MOST_POINTS, COLOURS = 400, 8  # points of a curve; colours that the page has


class Curve(NamedTuple):
    """A line of a chart: points as SVG has them, its colour's number, its label and its place."""

    name: str
    last: str
    points: str
    colour: int
    label_y: float
    ceiling: float | None  # height of a dashed line in the same colour, where there is one


class Chart(NamedTuple):
    """Axes and curves, in pixels from the top and per cent from the left."""

    curves: list[Curve]
    y_ticks: list[tuple[float, str]]
    x_ticks: list[tuple[float, str]]
    zero: float | None  # height of y = 0, where it is inside
    height: int = HEIGHT


def chart(series: Series, colours: Mapping[str, int], ceilings: Mapping[str, float] = {}) -> Chart:
    """Series of (x, y), a dashed line at `ceilings[name]`; at most MOST_POINTS finite points."""
    kept = {}
    for name, points in series.items():
        if finite := [point for point in points if np.isfinite(point).all()]:
            step = math.ceil(len(finite) / MOST_POINTS)
            kept[name] = finite[::-1][::step][::-1]  # with the last
    ys = [y for points in kept.values() for _, y in points]
    ys += [0, *(ceilings[name] for name in kept if name in ceilings)]
    right = max((points[-1][0] for points in kept.values()), default=1)
    y_ticks, x_ticks = ticks(min(ys), max(ys), 5), ticks(0, right, 4)
    low, high = y_ticks[0], y_ticks[-1]

    def at(y: float) -> float:
        return round(HEIGHT * (high - y) / (high - low), 2)

    ends = apart([at(points[-1][1]) for points in kept.values()])
    curves = []
    for (name, points), end in zip(kept.items(), ends, strict=True):
        line = " ".join(f"{1000 * x / right:.4g},{at(y):g}" for x, y in points)
        last, colour = decimal(points[-1][1]), colours[name] % COLOURS
        ceiling = at(ceilings[name]) if name in ceilings else None
        curves.append(Curve(name, last, line, colour, end, ceiling))
    y_labels = [(at(y), number(y)) for y in y_ticks]
    x_labels = [(round(100 * x / right, 2), number(x)) for x in x_ticks if x <= right]
    return Chart(curves, y_labels, x_labels, at(0) if low < 0 < high else None)


def ticks(low: float, high: float, n: int) -> list[float]:
    """About n round numbers, evenly spaced, that `low` and `high` lie between."""
    found = MaxNLocator(n, steps=[1, 2, 5, 10]).tick_values(low, max(high, low + 1e-9))
    return [float(tick) for tick in found]


def apart(heights: Sequence[float]) -> list[float]:
    """Heights of labels in the same order: as near to those given as can be without touching."""
    order, steps = np.argsort(heights, kind="stable"), LABEL * np.arange(len(heights))
    wanted = np.clip(heights, 0, HEIGHT)[order]
    placed = np.empty(len(heights))
    placed[order] = np.maximum.accumulate(wanted - steps) + steps  # each below the one before it
    placed[order] = np.minimum(placed[order], HEIGHT - steps[::-1])  # and all within the plane
    return [float(height) for height in placed.round(2)]


def number(value: float) -> str:
    """A tick: 1,500 or −0.5."""
    text = f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.3g}"
    return text.replace("-", "−")


def decimal(value: float, sign: bool = False, digits: int = 2) -> str:
    """A figure: 2.30 or −0.04, with a plus where signs are wanted."""
    return short(value, digits, sign).replace("-", "−")


def swept(code: Code, values: Sequence[float]) -> list[str]:
    """Evenly spaced values of a code with distinct labels: −0.5, 0, +0.5; angles in degrees."""
    if code.periodic:
        return [f"{math.degrees(value):.0f}°".replace("-", "−") for value in values]
    step = np.ptp(values) / max(1, len(values) - 1)
    digits = max(1, -math.floor(math.log10(step))) if step else 1
    texts = [f"{value:+.{digits}f}" for value in values]
    return ["0" if not float(text) else text.replace("-", "−") for text in texts]
