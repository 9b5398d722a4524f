"""A sweep of one code, which a notebook shows as pictures."""

from collections.abc import Sequence
from typing import NamedTuple

from infogan.core.figures import outlined
from infogan.core.page import fragment
from infogan.data.images import Pixels
from infogan.data.png import preview_uri

LEAST, MOST = 32, 96  # between which widths images are shown, in pixels of the page


class Traversal(NamedTuple):
    """A code's sweep, a row keeping all else: uint8 [rows, values, H, W, C], and the values."""

    images: Pixels
    values: list[float]

    def __repr__(self) -> str:
        return outlined("Traversal", self._asdict())

    def _repr_html_(self) -> str:
        return columns(self.images, [f"{value:g}" for value in self.values])


def columns(images: Pixels, labels: Sequence[str], caption: str = "") -> str:
    """Images [rows, n, H, W, C] as HTML: a picture for each column, its label [n] above it."""
    each = -(-images.shape[3] // MOST)  # of a large image every second pixel, or third, is shown
    images = images[:, :, ::each, ::each]
    rows, n, h, w, c = images.shape
    strips = images.swapaxes(0, 1).reshape(n, rows * h, w, c)
    pictures = zip(labels, map(preview_uri, strips), strict=True)
    own = {"caption": caption, "pictures": pictures, "width": max(w, LEAST)}
    return fragment("infogan.model", "traversal", **own)
