"""What can be measured on an image of a shape on a plain ground, and how codes go with it. N images of H x W.

The ground is the median of the outermost ring of pixels; the shape is whatever differs from it, brighter or darker
alike, so an image and its negative measure the same. Colour counts by its luminance. A pixel weighs by how far it
stands off the ground, so an edge may lie between two pixels.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr

from infogan.data.images import LUMA, Images, Pixels

Values = NDArray[np.float64]
Groups = NDArray[np.int64]
Rhos = Mapping[str, Mapping[str, float]]
"""By code, then by property."""
FAINT = 16
"""An image with no pixel further off the ground, in grey levels, is blank."""
EDGE = 0.2, 0.8
"""Shares of the image's furthest distance from the ground between which a pixel's weight rises from 0 to 1. Below it
is the ground's noise, above it all is ink; blur moves little, since the edge stays at a half."""
TAIL = 0.02
"""Share of the weight at either end that width and height leave out."""
PLAIN = 25, 0.75, 0.9
"""Images are shapes where this many grey levels about the ground hold this share of the ring, in this share of them."""
CLEAR = 0.8
"""|rho| from which on a code is said to look like a property."""
CHUNK = 1 << 20
"""Pixels measured at once."""


def are_shapes(images: Images) -> bool:
    """Whether these are shapes on plain ground, so that `shape` means something: true of digits, not of photos."""
    levels, ring, share = PLAIN
    plain = []
    for part in _chunks(images):
        border, ground = _ground(part)[1:]
        plain.append((np.abs(border - ground[:, None]) <= levels).mean(1) >= ring)
    return bool(np.concatenate(plain).mean() >= share)


def measure(images: Images, shapes: bool) -> dict[str, Values]:
    """[N] of each property: of shapes `shape`, of anything else `tone`."""
    parts = [(shape if shapes else tone)(part) for part in _chunks(images)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chunks(images: Images) -> Iterator[Pixels]:
    """The images, a few at a time."""
    each = max(1, CHUNK // (images.shape[0] * images.shape[1]))
    return (images.take(slice(at, at + each)) for at in range(0, len(images), each))


def tone(pixels: Pixels) -> dict[str, Values]:
    """brightness and contrast, [N] each: mean and standard deviation of uint8 [N, H, W, C], in grey levels."""
    flat = pixels.reshape(len(pixels), -1)
    return {"brightness": flat.mean(1), "contrast": flat.std(1)}


def shape(pixels: Pixels) -> dict[str, Values]:
    """slant, thickness, width and height, [N] each, of uint8 [N, H, W, C]; NaN where an image is blank.

    slant: degrees from upright, positive to the right: the arc tangent of the shear that would make covariance of
    x and y vanish. thickness: the shorter side of the rectangle that has the shape's area and perimeter (the square's
    side where there is none); of a stroke of any course, its breadth. width, height: pixels between the points
    beyond which TAIL of the weight lies on either side; width is that of the shape sheared upright, since a
    stroke that leans is no broader letter.
    """
    weight = _weight(pixels)
    area, side = weight.sum((1, 2)), _variation(weight) / 4
    lean, mean_y = _lean(weight)
    return {
        "slant": np.degrees(np.arctan(lean)),
        "thickness": side - np.sqrt(np.maximum(side**2 - area, 0)),
        "width": _extent(_across(weight, lean, mean_y)),
        "height": _extent(np.pad(weight.sum(2).cumsum(1), ((0, 0), (1, 0)))),
    }


def _ground(pixels: Pixels) -> tuple[Values, Values, Values]:
    """Luminance [N, H, W], its outermost ring [N, 2 H + 2 W - 4], and the ring's median [N]."""
    grey = pixels[..., 0].astype(np.float64) if pixels.shape[3] == 1 else pixels @ np.array(LUMA)
    ring = np.concatenate([grey[:, 0], grey[:, -1], grey[:, 1:-1, 0], grey[:, 1:-1, -1]], 1)
    return grey, ring, np.median(ring, 1)


def _weight(pixels: Pixels) -> Values:
    """[N, H, W] from 0, the ground, to 1, by how far each pixel stands off it; NaN throughout when blank."""
    grey, _, ground = _ground(pixels)
    off = np.abs(grey - ground[:, None, None])
    peak = off.max((1, 2), keepdims=True)
    low, high = EDGE
    weight: Values = np.clip(
        (off / np.where(peak > FAINT, peak, np.nan) - low) / (high - low), 0, 1
    )
    return weight


def _lean(weight: Values) -> tuple[Values, Values]:
    """[N] how far x goes to the right as y goes up by 1, and the row about which it turns: covariance of x and y over
    the variance of y, and the mean row. A pixel is a square, not a point: its own height adds 1/12 to that variance."""
    y, x = np.arange(weight.shape[1])[::-1], np.arange(weight.shape[2])
    rows, columns = weight.sum(2), weight.sum(1)
    area = rows.sum(1)
    mean_x, mean_y = columns @ x / area, rows @ y / area
    covariance = np.einsum("nhw,h,w->n", weight, y, x) / area - mean_x * mean_y
    variance = rows @ y**2 / area - mean_y**2 + 1 / 12
    return covariance / variance, mean_y


def _across(weight: Values, lean: Values, mean_y: Values) -> Values:
    """Cumulated weight [N, 3 W + 1] from left to right of shapes sheared upright about their own middle, at steps of a
    pixel from W to the left of the image to W to its right; a row's weight is spread over its pixels and moves as a
    whole, at most to the end of that span."""
    height, width = weight.shape[1:]
    below = np.pad(weight.cumsum(2), ((0, 0), (0, 0), (width + 1, width + 1)), mode="edge")
    below[..., : width + 1] = 0
    shift = np.nan_to_num(lean[:, None] * (np.arange(height)[::-1] - mean_y[:, None])).clip(
        -width, width
    )  # [N, H]
    at = np.clip(shift[..., None] + np.arange(3 * width + 1), 0, 3 * width + 0.999)
    left = at.astype(np.int64)
    low, high = (np.take_along_axis(below, left + i, 2) for i in (0, 1))
    total: Values = (low + (at - left) * (high - low)).sum(1)
    return total


def _variation(weight: Values) -> Values:
    """Total variation [N], which is the length of the outline of a shape of weight 1, however blurred (coarea)."""
    padded = np.pad(weight, ((0, 0), (1, 1), (1, 1)))
    across, down = np.diff(padded, axis=2), np.diff(padded, axis=1)
    across = (across[:, 1:] + across[:, :-1]) / 2  # both at the corners where four pixels meet
    down = (down[:, :, 1:] + down[:, :, :-1]) / 2
    length: Values = np.hypot(across, down).sum((1, 2))
    return length


def _extent(below: Values) -> Values:
    """Distance [N] between the quantiles TAIL and 1 - TAIL of weights cumulated along an axis [N, L + 1]."""
    below = below / below[:, -1:]
    return _quantile(below, 1 - TAIL) - _quantile(below, TAIL)


def _quantile(below: Values, q: float) -> Values:
    """Where cumulated shares [N, L + 1] reach q, in pixels."""
    at = np.minimum((below <= q).sum(1), below.shape[1] - 1)[:, None]
    left, right = np.take_along_axis(below, at - 1, 1), np.take_along_axis(below, at, 1)
    place: Values = (at - 1 + (q - left) / (right - left))[:, 0]
    return place


def rank_correlation(a: NDArray[Any], b: NDArray[Any], groups: Groups | None = None) -> float:
    """Spearman's rho of [N] and [N] over all rows where both are numbers; 0 where one of them is constant.

    groups [N]: first the mean of its group is taken off each value, so only what varies within groups counts.

    >>> rank_correlation(np.array([1, 2, 3]), np.array([1, 10, 100])), rank_correlation(np.ones(3), np.arange(3))
    (1.0, 0.0)
    """
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    if groups is not None:
        a, b = (_centred(values, groups[known]) for values in (a, b))
    return float(spearmanr(a, b).statistic) if len(a) > 1 and np.ptp(a) and np.ptp(b) else 0.0


def _centred(values: NDArray[Any], groups: Groups) -> Values:
    means = np.bincount(groups, values) / np.maximum(np.bincount(groups), 1)
    return np.round(
        values - means[groups], 9
    )  # so that what is constant within groups stays constant


def assign(rhos: Rhos) -> dict[str, str]:
    """A property of its own for each code, such that the sum of |rho| is largest; codes beyond the number of
    properties get none.

    >>> assign({"a": {"slant": 0.9, "width": 0.8}, "b": {"slant": -0.95, "width": 0.1}})
    {'a': 'width', 'b': 'slant'}
    """
    codes = list(rhos)
    if not codes:
        return {}
    names = list(rhos[codes[0]])
    table = np.array([[abs(rhos[code][name]) for name in names] for code in codes])
    return {
        codes[i]: names[j]
        for i, j in zip(*linear_sum_assignment(table, maximize=True), strict=True)
    }
