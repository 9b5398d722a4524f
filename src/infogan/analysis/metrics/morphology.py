"""What can be measured on N images, H x W, of a shape on plain ground, and how codes go with it.

The ground is the median of the outermost ring of pixels. The shape is what differs from it,
brighter or darker, so that an image and its negative measure the same. Colour counts by its
luminance. A pixel weighs by how far it stands off the ground: an edge may lie between two pixels.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata, spearmanr

from infogan.data.images import LUMA, Images, Pixels

Array = NDArray[Any]
Values = NDArray[np.float64]
Groups = NDArray[np.int64] | None
FAINT = 16  # an image with no pixel further off the ground, in grey levels, is blank
EDGE = 0.2, 0.8  # of the largest distance off the ground: noise below, ink above, blur's edge 0.5
TAIL = 0.02  # share of the weight at either end that width and height leave out
PLAIN = 25, 0.75, 0.9  # shapes: grey levels about the ground, share of ring within, of such images
CLEAR = 0.8  # absolute correlation from which on a code is said to look like a property
CHUNK = 1 << 20  # pixels measured at once


def are_shapes(images: Images) -> bool:
    """Whether these are shapes on plain ground, as `shape` assumes: digits are, photos are not."""
    (levels, ring, share), plain = PLAIN, []
    for _, border, ground in map(_ground, _chunks(images)):
        plain.append((np.abs(border - ground[:, None]) <= levels).mean(1) >= ring)
    return bool(np.concatenate(plain).mean() >= share)


def measure(images: Images, shapes: bool) -> dict[str, Values]:
    """[N] of each property: of shapes `shape`, of anything else `tone`."""
    parts = [(shape if shapes else tone)(part) for part in _chunks(images)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chunks(images: Images) -> Iterator[Pixels]:
    each = max(1, CHUNK // (images.shape[0] * images.shape[1]))
    return (images.take(slice(at, at + each)) for at in range(0, len(images), each))


def tone(pixels: Pixels) -> dict[str, Values]:
    """brightness, contrast [N]: mean and standard deviation of uint8 [N, H, W, C]: grey levels."""
    flat = pixels.reshape(len(pixels), -1)
    return {"brightness": flat.mean(1), "contrast": flat.std(1)}


def shape(pixels: Pixels) -> dict[str, Values]:
    """slant, thickness, width and height [N] of uint8 [N, H, W, C]; NaN where an image is blank.

    slant: degrees from upright, positive to the right: arc tangent of the shear that makes the
    covariance of x and y vanish. thickness: pixels, the shorter side of the rectangle of the
    shape's area and perimeter (where there is none, of the square), which of a stroke is its
    breadth. width, height: pixels between the points that leave TAIL of the weight on either side;
    the width is that of the shape sheared upright, since a letter that leans is no wider.
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
    """[N, H, W] from 0, the ground, to 1, by how far each pixel stands off it; NaN when blank."""
    grey, _, ground = _ground(pixels)
    off = np.abs(grey - ground[:, None, None])
    peak = off.max((1, 2), keepdims=True)
    share, (low, high) = off / np.where(peak > FAINT, peak, np.nan), EDGE
    return np.asarray(np.clip((share - low) / (high - low), 0, 1))


def _lean(weight: Values) -> tuple[Values, Values]:
    """[N] by how much x grows as y grows by 1, Cov(x, y) / Var(y), and the mean y, about which it
    turns. A pixel is a square, not a point: its own height adds 1/12 to the variance."""
    y, x = np.arange(weight.shape[1])[::-1], np.arange(weight.shape[2])
    rows, columns = weight.sum(2), weight.sum(1)
    area = rows.sum(1)
    mean_x, mean_y = columns @ x / area, rows @ y / area
    covariance = np.einsum("nhw,h,w->n", weight, y, x) / area - mean_x * mean_y
    variance = rows @ y**2 / area - mean_y**2 + 1 / 12
    return covariance / variance, mean_y


def _across(weight: Values, lean: Values, mean_y: Values) -> Values:
    """[N, 3 W + 1] weight of shapes sheared upright about their middle, cumulated pixel by pixel
    from W left of the image to W right of it; a row moves as a whole, at most to the span's end."""
    height, width = weight.shape[1:]
    below = np.pad(weight.cumsum(2), ((0, 0), (0, 0), (width + 1, width + 1)), mode="edge")
    below[..., : width + 1] = 0
    up = np.arange(height)[::-1] - mean_y[:, None]
    shift = np.nan_to_num(lean[:, None] * up).clip(-width, width)  # [N, H]
    at = np.clip(shift[..., None] + np.arange(3 * width + 1), 0, 3 * width + 0.999)
    left = at.astype(np.int64)
    low, high = (np.take_along_axis(below, left + i, 2) for i in (0, 1))
    return np.asarray((low + (at - left) * (high - low)).sum(1))


def _variation(weight: Values) -> Values:
    """[N] total variation, the length of a shape's outline, however blurred (coarea formula)."""
    padded = np.pad(weight, ((0, 0), (1, 1), (1, 1)))
    across, down = np.diff(padded, axis=2), np.diff(padded, axis=1)
    across = (across[:, 1:] + across[:, :-1]) / 2  # both at the corners where four pixels meet
    down = (down[:, :, 1:] + down[:, :, :-1]) / 2
    return np.asarray(np.hypot(across, down).sum((1, 2)))


def _extent(below: Values) -> Values:
    """[N] pixels between the quantiles TAIL and 1 - TAIL of cumulated weights [N, L + 1]."""
    below, ends = below / below[:, -1:], list[Values]()
    for q in (TAIL, 1 - TAIL):
        at = np.minimum((below <= q).sum(1), below.shape[1] - 1)[:, None]
        left, right = np.take_along_axis(below, at - 1, 1), np.take_along_axis(below, at, 1)
        ends.append((at - 1 + (q - left) / (right - left))[:, 0])
    return ends[1] - ends[0]


def correlations(
    code: Array, properties: Mapping[str, Values], groups: Groups = None, *, periodic: bool
) -> dict[str, float]:
    """The correlation of a code's values [N] with each property [N], of that kind of code."""
    one = circular_correlation if periodic else rank_correlation
    return {name: one(code, values, groups) for name, values in properties.items()}


def rank_correlation(a: Array, b: Array, groups: Groups = None) -> float:
    """Spearman's rho, -1 to 1, of [N] and [N] where both are numbers; 0 where one is constant.

    groups [N]: the mean of its group is first taken off each value: only variation within counts.

    >>> a = np.array([1, 2, 3])
    >>> rank_correlation(a, np.array([1, 10, 100])), rank_correlation(np.ones(3), a)
    (1.0, 0.0)
    """
    known = np.isfinite(a) & np.isfinite(b)
    a, b = (_within(values[known], groups, known) for values in (a, b))
    return float(spearmanr(a, b).statistic) if len(a) > 1 and np.ptp(a) and np.ptp(b) else 0.0


def circular_correlation(angle: Array, b: Array, groups: Groups = None) -> float:
    """Correlation R, 0 to 1, of angles [N] in radians with the ranks of [N] where both are numbers.

    R is the multiple correlation of the ranks with cos and sin of the angle, whose correlations
    with the ranks are r_c and r_s, and with each other r_cs: R² = (r_c² + r_s² - 2 r_c r_s r_cs) /
    (1 - r_cs²) (Mardia, Jupp, Directional Statistics, 2000, section 11.2.1). It does not depend on
    where the angle begins or which way it turns: 0 where one is constant, about √(2 / N) by chance,
    √96 / π² = 0.993 of b = cos(angle). groups [N]: as above; the means are taken off cos, sin, b.
    """
    known = np.isfinite(angle) & np.isfinite(b)
    parts = np.cos(angle[known]), np.sin(angle[known]), b[known]
    cos, sin, b = (_within(values, groups, known) for values in parts)
    if len(b) < 2 or not np.ptp(b):
        return 0.0
    ranks, columns = rankdata(b), np.stack([cos, sin], 1)
    ranks, columns = ranks - ranks.mean(), columns - columns.mean(0)
    fitted = columns @ np.linalg.lstsq(columns, ranks)[0]
    return float(np.sqrt((fitted**2).sum() / (ranks**2).sum()).clip(0, 1))


def _within(values: Array, groups: Groups, known: NDArray[np.bool_]) -> Values:
    """Values less the mean of their group, of all groups [N] those that are known."""
    if groups is None:
        return values
    own = groups[known]
    means = np.bincount(own, values) / np.maximum(np.bincount(own), 1)
    return np.round(values - means[own], 9)  # what is constant within groups stays constant


def assign(strengths: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    """A property of its own for each code, such that the sum of |correlation| (by code, then by
    property) is largest; codes beyond the number of properties get none.

    >>> assign({"a": {"slant": 0.9, "width": 0.8}, "b": {"slant": -0.95, "width": 0.1}})
    {'a': 'width', 'b': 'slant'}
    """
    if not strengths:
        return {}
    codes, names = list(strengths), list(next(iter(strengths.values())))
    table = np.abs([[own[name] for name in names] for own in strengths.values()])
    places = zip(*linear_sum_assignment(table, maximize=True), strict=True)
    return {codes[i]: names[j] for i, j in places}
