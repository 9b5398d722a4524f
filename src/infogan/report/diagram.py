"""The information diagram: circles H(X), H(Y) that share I(X; Y) (Cover, Thomas 2006, fig. 2.2)."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from scipy.optimize import brentq

from infogan.information.quantity import Unit
from infogan.report.plots import COLOURS, INK, QUIET, write

ROOM = 0.4  # width that a region needs to hold its label, in the units of the axes


def information_diagram(summary: Mapping[str, float], path: Path, unit: Unit) -> None:
    """Draw the quantities of a joint table, as `information.summary` gives them in `unit`; areas
    are to scale. path: .png, .svg or .pdf; ConfigError otherwise."""
    h_x, h_y, shared = (summary[k] for k in ("entropy_x", "entropy_y", "mutual_information"))
    figure = Figure(figsize=(5.2, 3.5), dpi=200)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-1.56, 1.56), ylim=(-0.95, 1.15), aspect="equal")
    axes.axis("off")
    x, y, r_x, r_y = circles(h_x, h_y, shared)
    for centre, radius, colour in ((x, r_x, COLOURS[0]), (y, r_y, COLOURS[1])):
        axes.add_patch(Circle((centre, 0), radius, fc=(colour, 0.22), ec=colour, linewidth=1.3))
    # X alone, shared and Y alone lie between these on the x axis
    left, inner, outer, right = x - r_x, y - r_y, x + r_x, y + r_y
    top, middle = max(r_x, r_y), (inner + outer) / 2  # a line to I(X;Y) may pass in the middle
    _regions(axes, (left, inner, outer, right), top, summary)
    _text(axes, min(x, middle - 0.46), top + 0.13, f"$H(X)$ = {h_x:.3f}", COLOURS[0])
    _text(axes, max(y, middle + 0.46), top + 0.13, f"$H(Y)$ = {h_y:.3f}", COLOURS[1])
    bracket = [-top - 0.1, -top - 0.15, -top - 0.15, -top - 0.1]
    axes.plot([left, left, right, right], bracket, color=QUIET, linewidth=0.8)
    _text(axes, 0, -top - 0.26, f"$H(X,Y)$ = {summary['joint_entropy']:.3f} {unit}")
    write(figure, path, bbox_inches="tight", pad_inches=0.08)


def circles(h_x: float, h_y: float, shared: float) -> tuple[float, float, float, float]:
    """Centres on the x axis and radii (x, y, r_x, r_y) of circles of areas h_x and h_y that share
    an area, up to one scale: together they are centred, at most 2 wide and 1.2 high."""
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


def _regions(axes: Axes, edges: Sequence[float], top: float, found: Mapping[str, float]) -> None:
    """The three parts: named inside where there is room, else outside at the end of a thin line."""
    parts = (
        (r"$H(X\,|\,Y)$", "conditional_entropy_x_given_y", -1),
        (r"$I(X;Y)$", "mutual_information", 0),
        (r"$H(Y\,|\,X)$", "conditional_entropy_y_given_x", 1),
    )
    for (name, key, side), low, high in zip(parts, edges[:3], edges[1:], strict=True):
        x = (low + high) / 2
        at, end = (x, 0.0), (1.06 * side, 0.0) if side else (x, top + 0.26)
        if high - low < ROOM:
            axes.plot([x, end[0]], [0, end[1]], color=INK, linewidth=0.6)
            axes.plot(x, 0, marker="o", markersize=2, color=INK)
            at = (1.28 * side, 0.0) if side else (x, top + 0.38)
        _text(axes, *at, f"{name}\n{found[key]:.3f}")


def _text(axes: Axes, x: float, y: float, text: str, colour: str = INK) -> None:
    font: dict[str, Any] = {"fontfamily": "STIXGeneral", "math_fontfamily": "stix", "fontsize": 11}
    axes.text(x, y, text, color=colour, ha="center", va="center", linespacing=1.4, **font)
