"""How values of any kind become 256 levels: one range for a whole set, from black to white.
Bytes are levels already, unless they use so few of them that nothing would be seen (masks of 0 and
1). Other values fill what their set fills: 12 bits in a 16-bit file, 0 to 16, densities below 0."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from infogan.data.settings import Range

FAINT = 32  # bytes that all lie below this level cannot be seen: an eighth of the range
USUAL = {1: 1 / 8, 255: 1 / 8, 1023: 1 / 2, 4095: 1 / 2, 16383: 1 / 2, 65535: 1 / 2}
"""Largest values by convention, and the share of it that a set must reach to be meant by it."""
ROBUST = 1e-3  # share of the values at either end that may be outliers, as hot pixels are
FEW = 32  # levels; a set that uses fewer is told so
CHUNK = 1 << 24  # values that are scaled at once


def chosen(samples: Sequence[NDArray[np.float64]]) -> Range:
    """The range of a set, from some values of each of some images; 0 to 1 if none is finite.

    Values of 0 or more begin at 0, unless they leave the lower quarter of their range empty. They
    end at the usual largest value that they come near, else at their own. Outliers do not count.
    """
    finite = [values[np.isfinite(values)] for values in samples]
    finite = [values for values in finite if values.size]
    if not finite:
        return 0.0, 1.0
    low, high = np.quantile(np.concatenate(finite), [ROBUST, 1 - ROBUST]).tolist()
    if low == high:  # a small figure on plain ground: what half of the images reach is no outlier
        low = float(np.median([values.min() for values in finite]))
        high = float(np.median([values.max() for values in finite]))
        low = min(low, 0.0) if low == high else low
    if -1 <= low < 0 and high <= 1 and max(-low, high) > USUAL[1]:
        return -1.0, 1.0
    if 0 <= low <= high / 4:
        low = 0.0
        usual = next((top for top in USUAL if top >= high), high)
        high = float(usual) if high > usual * USUAL.get(int(usual), 1) else high
    return low, high if high > low else low + 1


def of_bytes(given: Range | None) -> Range | None:
    """A range that was asked for, where values are bytes; None if it is one of wider values."""
    return given if given and given[1] <= 255 else None


def applied(values: NDArray[np.generic], given: Range) -> NDArray[np.uint8]:
    """Values of any shape as levels: the range from 0 to 255, rounded; what lies beyond is cut, and
    what is not a number is black."""
    low, high = given
    flat, levels = values.reshape(-1), np.empty(values.size, np.uint8)
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK].astype(np.float64)
        scaled = np.nan_to_num((part - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0)
        levels[start : start + CHUNK] = np.rint(scaled.clip(0, 1) * 255)
    return levels.reshape(values.shape)


def used(pixels: NDArray[np.uint8]) -> int:
    """How many of the 256 levels occur."""
    counts = np.zeros(256, np.int64)
    for image in pixels:  # of which bincount makes eight times as many bytes
        counts += np.bincount(image.reshape(-1), minlength=256)
    return int(np.count_nonzero(counts))
