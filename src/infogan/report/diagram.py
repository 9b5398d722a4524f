"""The information diagram: circles H(X) and H(Y) that share I(X; Y) (Cover, Thomas 2006, figure 2.2)."""

import math
from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from scipy.optimize import brentq

from infogan.information.quantity import Unit
from infogan.report.plots import COLOURS, INK, QUIET, write

ROOM = 0.4
"""Width that a region needs to hold its label, in the units of the axes."""


def information_diagram(summary: Mapping[str, float], path: Path, unit: Unit) -> None:
    """Draw the quantities of a joint table, as `information.summary` gives them in `unit`; areas are to scale.

    path: .png, .svg or .pdf; ConfigError otherwise.
    """
    figure = Figure(figsize=(5.2, 3.5), dpi=200)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-1.56, 1.56), ylim=(-0.95, 1.15), aspect="equal")
    axes.axis("off")
    x, y, r_x, r_y = circles(
        summary["entropy_x"], summary["entropy_y"], summary["mutual_information"]
    )
    for centre, radius, colour in ((x, r_x, COLOURS[0]), (y, r_y, COLOURS[1])):
        axes.add_patch(Circle((centre, 0), radius, facecolor=colour, alpha=0.22, linewidth=0))
        axes.add_patch(Circle((centre, 0), radius, fill=False, edgecolor=colour, linewidth=1.3))
    edges = (
        x - r_x,
        y - r_y,
        x + r_x,
        y + r_y,
    )  # X alone, shared and Y alone lie between these on the x axis
    _regions(axes, edges, max(r_x, r_y), summary)
    _wholes(axes, (x, y), edges, max(r_x, r_y), summary, unit)
    write(figure, path, bbox_inches="tight", pad_inches=0.08)


def circles(h_x: float, h_y: float, shared: float) -> tuple[float, float, float, float]:
    """Centres on the x axis and radii (x, y, r_x, r_y) of two circles of areas h_x and h_y that share an area, up to
    one common scale: together they are centred, at most 2 wide and 1.2 high."""
    r, s = math.sqrt(h_x / math.pi), math.sqrt(h_y / math.pi)
    shared = min(shared, overlap(r, s, abs(r - s)))
    distance = float(brentq(lambda d: overlap(r, s, d) - shared, abs(r - s), r + s))
    scale = min(2 / max(r + distance + s, 1e-9), 0.6 / max(r, s, 1e-9))
    shift = (r - distance - s) / 2
    return shift * scale, (shift + distance) * scale, r * scale, s * scale


def overlap(r: float, s: float, distance: float) -> float:
    """Area that two circles of radii r and s share when their centres are `distance` apart.

    >>> round(overlap(1, 2, 0.5) / math.pi, 6), overlap(1, 2, 3), round(overlap(1, 1, 1), 6)
    (1.0, 0.0, 1.22837)
    """
    if distance >= r + s:
        return 0.0
    if distance <= abs(r - s):
        return math.pi * min(r, s) ** 2
    a = (distance**2 + r**2 - s**2) / (2 * distance)  # from the centre of r to the chord
    half = math.sqrt(max(r**2 - a**2, 0))
    return r**2 * math.atan2(half, a) + s**2 * math.atan2(half, distance - a) - distance * half


def _regions(
    axes: Axes, edges: tuple[float, float, float, float], top: float, summary: Mapping[str, float]
) -> None:
    """The three parts: named inside where there is room, else beside the circles at the end of a thin line."""
    parts = (
        (r"$H(X\,|\,Y)$", "conditional_entropy_x_given_y", (-1.28, 0.0)),
        (r"$I(X;Y)$", "mutual_information", (0.0, top + 0.38)),
        (r"$H(Y\,|\,X)$", "conditional_entropy_y_given_x", (1.28, 0.0)),
    )
    for (name, key, outside), low, high in zip(parts, edges[:3], edges[1:], strict=True):
        middle = ((low + high) / 2, 0.0)
        inside = high - low >= ROOM
        if not inside:
            towards = (
                (math.copysign(1.06, outside[0]), 0.0) if outside[0] else (middle[0], top + 0.26)
            )
            axes.plot(*zip(middle, towards, strict=True), color=INK, linewidth=0.6)
            axes.plot(*middle, marker="o", markersize=2, color=INK)
            outside = (outside[0] or middle[0], outside[1])
        _text(axes, middle if inside else outside, f"{name}\n{summary[key]:.3f}")


def _wholes(
    axes: Axes,
    centres: tuple[float, float],
    edges: tuple[float, float, float, float],
    top: float,
    summary: Mapping[str, float],
    unit: Unit,
) -> None:
    """H(X) and H(Y) above their circles, H(X, Y) below both, over a bracket as wide as they are."""
    shared = (edges[1] + edges[2]) / 2  # where a line to I(X;Y) may pass
    x, y = min(centres[0], shared - 0.46), max(centres[1], shared + 0.46)
    _text(axes, (x, top + 0.13), f"$H(X)$ = {summary['entropy_x']:.3f}", COLOURS[0])
    _text(axes, (y, top + 0.13), f"$H(Y)$ = {summary['entropy_y']:.3f}", COLOURS[1])
    ends, low = (edges[0], edges[3]), -top - 0.1
    axes.plot(
        (ends[0], ends[0], ends[1], ends[1]),
        (low, low - 0.05, low - 0.05, low),
        color=QUIET,
        linewidth=0.8,
    )
    _text(axes, (sum(ends) / 2, low - 0.16), f"$H(X,Y)$ = {summary['joint_entropy']:.3f} {unit}")


def _text(axes: Axes, at: tuple[float, float], text: str, colour: str = INK) -> None:
    axes.text(
        *at,
        text,
        color=colour,
        fontsize=11,
        fontfamily="STIXGeneral",
        math_fontfamily="stix",
        ha="center",
        va="center",
        linespacing=1.4,
    )
