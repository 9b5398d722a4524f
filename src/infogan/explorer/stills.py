"""The first picture of the explorer's page: images of G that it shows before its networks run."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import avg_pool2d

from infogan.data.images import Pixels, to_float, to_pixels
from infogan.latent.codes import Code
from infogan.latent.latent import Latent
from infogan.model.model import Model

CHIPS, STRIP = 60, 9  # most categories that have a preview, and previews of a continuous code
ACROSS, DOWN = 10, 5  # most columns and rows of the grid; the sheet has as many columns
SIDE = 64  # larger previews are made smaller, by a whole factor
Point = Mapping[str, float]  # the seed of z, and a value of each code


def points(latent: Latent, seeds: int) -> dict[str, Point]:
    """The points of the first picture by their addresses in the page, of which the first is the
    one that it begins at: those of the controls' previews, and those of the grid."""
    found = _points(latent, seeds)
    return {"#" + "&".join(f"{name}={v}" for name, v in point.items()): point for point in found}


def _points(latent: Latent, seeds: int) -> Iterator[Point]:
    codes, axes = latent.codes, {name: _values(code) for name, code in latent.codes.items()}
    middle = {name: 0 if code.categories else sum(code.trained) / 2 for name, code in codes.items()}
    first = {"seed": 0, **middle}
    yield first
    yield from (first | {name: value} for name, values in axes.items() for value in values)
    if latent.noise or len(codes) < 2:
        axes["seed"] = range(min(seeds, ACROSS * DOWN))
    lines = [name for name, code in codes.items() if not code.categories]
    x = latent.categorical or next(iter(axes))
    y = next((name for name in (*lines, *axes) if name != x), x)
    rows = axes[y][:: 2 if y in lines else 1][:DOWN]
    yield from (first | {y: b, x: a} for b in rows for a in axes[x][: None if x == y else ACROSS])


def _values(code: Code) -> Sequence[float]:
    """What the page shows of a code: its categories, or its slider's range in equal steps."""
    if code.categories:
        return range(code.categories if code.categories <= CHIPS else ACROSS)
    return [float(value) for value in np.linspace(*code.reach, STRIP)]


def drawn(model: Model, noises: NDArray[np.float32], points: Sequence[Point]) -> Pixels:
    """Images of the points [n, H, W, C], under the z of each seed: noises [seeds, noise]."""
    z = torch.from_numpy(noises[[int(point["seed"]) for point in points]])
    codes = [
        torch.stack([model.latent.columns(name, point[name]) for point in points])
        for name in model.latent.codes
    ]
    return model.generate(torch.cat([z, *codes], 1))


def sheet(images: Pixels) -> Pixels:
    """Images [n, H, W, C] as one, made small, ACROSS in a row: [rows · h, ACROSS · w, C]."""
    factor = max(1, max(images.shape[1:3]) // SIDE)
    small = to_pixels(avg_pool2d(to_float(images), factor))
    n, h, w, c = small.shape
    full = np.concatenate([small, np.zeros((-n % ACROSS, h, w, c), np.uint8)])
    rows = full.reshape(-1, ACROSS, h, w, c).swapaxes(1, 2)  # [rows, h, ACROSS, w, C]
    return rows.reshape(-1, ACROSS * w, c)
