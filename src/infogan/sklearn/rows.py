"""Rows of X as images, and images as rows of X."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from infogan.core.errors import DataError
from infogan.data.arrays import coloured, finished, settled, shaped, sized
from infogan.data.images import Pixels
from infogan.data.settings import Range, Source
from infogan.networks import Shape

Array = NDArray[Any]
BYTES = 0.0, 255.0  # the range of an X of bytes
BACK = {"crop": "pad", "pad": "crop", "stretch": "stretch"}  # how a size is undone


@dataclass(frozen=True)
class Form:
    """What a row of X is: its own shape, and that of the image in it."""

    row: tuple[int, ...]  # of X[0]: [F], [H, W] or [H, W, C]
    image: Shape  # H, W, C; may have a few pixels more than the row, which are black

    @classmethod
    def of(cls, row: Sequence[int], given: Sequence[int] | None = None) -> Self:
        """The form of rows of that shape; DataError where they are no images of the given shape.

        A vector of which nothing else is known is a grey square, row by row, with a warning where
        its length is no square number: the last pixels are black then.

        >>> Form.of([64]).image, Form.of([64], given=(4, 16)).image
        ((8, 8, 1), (4, 16, 1))
        """
        row, features = tuple(map(int, row)), math.prod(row)
        if not 1 <= len(row) <= 3:
            raise DataError(
                f"X has rows of {len(row)} axes; give [N, F], [N, H, W] or [N, H, W, C]"
            )
        if given is None:
            return cls(row, _square(features) if len(row) == 1 else _with_channels(row))
        shape = tuple(given)
        if len(shape) not in (2, 3) or math.prod(shape) != features or min(shape) < 1:
            fits = f"give (height, width) or (height, width, channels) of {features} values"
            raise DataError(f"image_shape {shape}: X has {features} features; {fits}")
        if len(row) > 1 and _with_channels(shape) != _with_channels(row):
            raise DataError(f"image_shape {shape}: X has images of {row}; leave image_shape out")
        return cls(row, _with_channels(shape))

    @property
    def features(self) -> int:
        """F, how many values a row has."""
        return math.prod(self.row)

    def pixels(self, rows: Array, source: Source) -> tuple[Pixels, Range]:
        """Rows [N, F] as images, uint8 [N, h, w, C] at the source's size, and which values are
        black and white in them: the source's range, else what levels.chosen says of all rows."""
        n, room = len(rows), math.prod(self.image)
        values = rows[:, None, :, None]
        chosen = settled(lambda: [values], n, "X", source.range)
        levels = finished(values, Source(), chosen)
        padded = np.pad(levels.reshape(n, -1), ((0, 0), (0, room - self.features)))
        images = shaped(padded.reshape(n, *self.image), source, "X")
        return sized(coloured(images, source.color), source), chosen or BYTES

    def rows(self, pixels: Pixels, source: Source) -> Array:
        """Images uint8 [N, h, w, C] in the form and the range of X: bytes if that is theirs, else
        floats. DataError where X had channels that the images lack."""
        n, (height, width, channels) = len(pixels), self.image
        if channels not in (1, 3):
            has = f"X has {channels} channels and the model {pixels.shape[3]}"
            raise DataError(f"{has}, so nothing of its form can be drawn; use model_.sample")
        back = Source(size=(height, width), fit=BACK[source.fit])
        images = sized(coloured(pixels, "rgb" if channels == 3 else "grey"), back)
        levels = images.reshape(n, -1)[:, : self.features].reshape(n, *self.row)
        if source.range == BYTES:
            return levels
        low, high = source.range or BYTES
        return low + levels * ((high - low) / 255)


def _with_channels(shape: Sequence[int]) -> Shape:
    h, w, c = shape if len(shape) == 3 else (*shape, 1)
    return int(h), int(w), int(c)


def _square(features: int) -> Shape:
    side = math.isqrt(features - 1) + 1
    if side * side != features:
        taken = f"taken as grey images of {side}x{side} whose last pixels are black"
        what = f"X has {features} features, which is no square: {taken}"
        warnings.warn(f"{what}; give image_shape=(height, width[, channels])", stacklevel=5)
    return side, side, 1
