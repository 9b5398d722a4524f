"""Sprites: a shape at some place, size and turn, drawn when asked for, so that every factor of
variation is known. After dSprites (Matthey et al. 2017), with colour, light and noise if wanted.

Images are 64x64. The shape's place is exact to the pixel, so an image is one of 720 templates of
33x33 pixels (3 shapes, 6 scales, 40 orientations) put where it belongs. A template's pixel is the
share of its 8x8 points that lie in the shape.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from infogan.core import interrupts
from infogan.core.random import stream
from infogan.data import arrays, cache, splits
from infogan.data.conversion import Progress
from infogan.data.factors import Values
from infogan.data.images import Images, Labels, Order, Pixels, described
from infogan.data.settings import Source
from infogan.data.splits import Split

Floats = NDArray[np.float32]
SIDE, WINDOW, FINE = 64, 33, 8  # pixels of an image, of a template; points along a pixel
GROUND = 0.05, 0.35  # grey of the coloured sets' ground, from side to side under full light
DRAWN, TEST = 60_000, 10_000  # images for training and validation, and for the test
AT_ONCE = 2000  # images rendered at once
VERSION = 2  # of what is drawn: a number more where the same factors give other pixels
# The points of each shape in a square from -1 to 1, y upwards, at most 1 from its middle.
INSIDE: Mapping[str, Callable[[Any, Any], Any]] = {
    "square": lambda x, y: np.maximum(abs(x), abs(y)) <= math.sqrt(0.5) + 1e-9,
    "ellipse": lambda x, y: x**2 + (y / 0.6) ** 2 <= 1,
    "heart": lambda x, y: _heart(1.25 * x, 1.25 * y + 0.25),
}
SHAPES = tuple(INSIDE)
FORM: Mapping[str, Values] = {
    "shape": SHAPES,
    "scale": tuple(0.5 + 0.1 * i for i in range(6)),  # of a radius of 16 pixels
    "orientation": tuple(2 * math.pi * i / 40 for i in range(40)),  # radians, to the left
    "x": tuple(16.5 + i for i in range(32)),  # of the middle, pixels from the left
    "y": tuple(16.5 + i for i in range(32)),  # from the top
}
COLOUR: Mapping[str, Values] = {
    "hue": tuple(float(10 * i) for i in range(25)),  # degrees: red over green to blue
    "saturation": tuple(0.3 + 0.1 * i for i in range(8)),
    "brightness": tuple(0.45 + 0.05 * i for i in range(10)),  # of all, the ground as well
    "background": ("left", "top", "right", "bottom"),  # the side towards which it grows brighter
    "noise": (0.0, 8.0, 16.0),  # standard deviation of grey grain, in levels
}


@dataclass(frozen=True)
class Sprites:
    """A set of sprites: all combinations of the values of its factors."""

    name: str
    factors: Mapping[str, Values]
    """The values of each factor by its name: words, or numbers in the order of size."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """[F] how many values each factor has."""
        return tuple(map(len, self.factors.values()))

    def sample_factors(self, n: int, generator: torch.Generator) -> Labels:
        """[n, F] a value of each factor by its number from 0, all equally likely."""
        drawn = [torch.randint(size, (n,), generator=generator) for size in self.sizes]
        return torch.stack(drawn, 1).numpy()

    def render(self, factors: Labels, generator: torch.Generator) -> Pixels:
        """uint8 [n, 64, 64, 1 or 3] images of factors [n, F]; the generator is for noise alone.

        >>> one = SETS["sprites"].render(np.array([[0, 5, 0, 0, 31]]), torch.Generator())
        >>> one.shape, int(one.max()), np.nonzero(one[0].any((1, 2)))[0].max()
        ((1, 64, 64, 1), 255, 58)
        """
        shape, scale, orientation, x, y = factors.T[:5]
        share = templates()[shape, scale, orientation][..., None]  # [n, 33, 33, 1]
        ground, ink, noise = lit(factors[:, len(FORM) :])
        images = ground.repeat(ink.shape[1], 3)
        places = sliding_window_view(images, (WINDOW, WINDOW), axis=(1, 2), writeable=True)
        here = np.arange(len(images)), y, x
        covered = places[here].transpose(0, 2, 3, 1)  # [n, 33, 33, C]
        painted = np.rint(covered + share * (ink[:, None, None] - covered))
        places[here] = painted.astype(np.uint8).transpose(0, 3, 1, 2)
        return grained(images, noise, generator) if noise.any() else images


SETS = {
    "sprites": Sprites("sprites", FORM),
    "sprites-colour": Sprites("sprites-colour", {**FORM, **COLOUR}),
}


@lru_cache(maxsize=1)
def templates() -> Floats:
    """[3, 6, 40, 33, 33] the share of each pixel that lies in the shape, by its first factors."""
    points = (np.arange(WINDOW * FINE) + 0.5) / FINE - WINDOW / 2
    x, y = np.meshgrid(points, -points)  # pixels from the middle, y upwards
    found = []
    for inside in INSIDE.values():
        for scale in FORM["scale"]:
            for turn in map(float, FORM["orientation"]):
                radius = 16 * float(scale)
                cos, sin = math.cos(turn) / radius, math.sin(turn) / radius
                there = inside(cos * x + sin * y, cos * y - sin * x)
                found.append(there.reshape(WINDOW, FINE, WINDOW, FINE).mean((1, 3)))
    shape = len(SHAPES), len(FORM["scale"]), len(FORM["orientation"]), WINDOW, WINDOW
    return np.asarray(found, np.float32).reshape(shape)


def _heart(x: Any, y: Any) -> Any:
    """The sextic (x² + y² - 1)³ = x² y³."""
    return (x**2 + y**2 - 1) ** 3 <= x**2 * y**3


def lit(factors: Labels) -> tuple[Pixels, Floats, Floats]:
    """Ground [n, 64, 64, 1] and ink [n, C] in grey levels, and the standard deviation [n] of the
    grain, of factors [n, 5] of COLOUR; of none, [n, 0], white on black."""
    n = len(factors)
    if not factors.shape[1]:
        black, white = np.zeros((n, SIDE, SIDE, 1), np.uint8), np.full((n, 1), 255, np.float32)
        return black, white, np.zeros(n, np.float32)
    columns = dict(zip(COLOUR, factors.T, strict=True))
    right = np.linspace(*GROUND, SIDE, dtype=np.float32) * np.ones((SIDE, 1), np.float32)
    grounds = np.stack([right[:, ::-1], right.T[::-1], right, right.T])  # as COLOUR names them
    hue, saturation, light, noise = (
        np.array(COLOUR[name], np.float32)[columns[name]]
        for name in ("hue", "saturation", "brightness", "noise")
    )
    ground = 255 * light[:, None, None] * grounds[columns["background"]]
    ink = 255 * light[:, None] * coloured(hue[:, None], saturation[:, None])
    return np.rint(ground).astype(np.uint8)[..., None], ink, noise


def grained(images: Pixels, noise: Floats, generator: torch.Generator) -> Pixels:
    """Images [n, H, W, C] under grey noise of a standard deviation [n] in levels."""
    grain = torch.randn(*images.shape[:3], 1, generator=generator).numpy()
    levels = np.rint(noise[:, None, None, None] * grain).astype(np.int16)
    return np.asarray((images + levels).clip(0, 255), np.uint8)


def coloured(hue: Floats, saturation: Floats) -> Floats:
    """[n, 3] red, green and blue of hues [n, 1] in degrees at a saturation and value 1 (HSV)."""
    sectors = (np.array([5, 3, 1]) + hue / 60) % 6
    off = np.minimum(sectors, 4 - sectors).clip(0, 1)
    return np.asarray(1 - saturation * off, np.float32)


def load(source: Source, split: Split, progress: Progress) -> Images:
    """Draw DRAWN images of distinct factors, the last 10,000 of them for validation, and TEST more;
    they are drawn once, into the cache."""
    sprites, number = SETS[source.name], DRAWN + TEST
    order = Order(math.prod(sprites.sizes), seed=0, purpose=source.name).batch(0, number)
    factors = np.stack(np.unravel_index(order, sprites.sizes), 1).astype(np.int64)

    def make(to: Path | None) -> tuple[Pixels, dict[str, Any]]:
        return _rendered(sprites, factors, to, progress), {}

    key = cache.key("sprites", VERSION, source.name, number)
    pixels, decided, said = arrays.brought(
        cache.kept(key, make, lambda _: key)[0], source, source.name
    )
    labels = factors[:, list(sprites.factors).index("shape")]
    images = Images(
        pixels,
        labels,
        SHAPES,
        source.name,
        factors=factors,
        factor_names=tuple(sprites.factors),
        factor_values=tuple(sprites.factors.values()),
        decided=decided,
    )
    test, rest = images.subset(range(DRAWN, number)), images.subset(range(DRAWN))
    part = test if split == "test" else splits.last(rest, split, splits.HELD_OUT)
    return described(part, said)


def _rendered(sprites: Sprites, factors: Labels, to: Path | None, progress: Progress) -> Pixels:
    """Images of factors [N, F], in `to` (NPY) or in memory."""
    pixels: Pixels | None = None
    for start in range(0, len(factors), AT_ONCE):
        interrupts.poll()
        noise = stream(0, sprites.name, start)
        part = sprites.render(factors[start : start + AT_ONCE], noise)
        if pixels is None:
            pixels = cache.created(to, (len(factors), *part.shape[1:]))
        pixels[start : start + len(part)] = part
        progress(start + len(part), len(factors))
    assert pixels is not None
    return pixels
