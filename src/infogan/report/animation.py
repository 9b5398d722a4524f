"""The sweep of a code in motion."""

from pathlib import Path

import numpy as np

from infogan.core import atomic
from infogan.data.animation import animation
from infogan.model.model import Model
from infogan.report.plots import enlarged, sheet

SECONDS = 4.0  # one round: a categorical code stays a few tenths of a second at each category


def sweep(
    model: Model, name: str, path: Path, *, rows: int = 8, steps: int = 11, seed: int = 0
) -> None:
    """Write a code's sweep as a GIF or WEBP file that loops: `rows` images, of which each keeps its
    z and the other codes. A factor with two ends goes there and back, a circle is closed once."""
    images, _ = model.traverse(name, rows=rows, steps=steps, seed=seed)
    code = model.latent.code(name)
    frames = np.stack([enlarged(sheet(own)) for own in images.swapaxes(0, 1)])
    if code.periodic:
        frames = frames[: max(1, len(frames) - 1)]  # the last value is the first
    elif not code.categories:
        frames = np.concatenate([frames, frames[-2:0:-1]])
    content = animation(frames, path.suffix.lower(), SECONDS)
    with atomic.writing(path), atomic.whole(path) as partial:
        partial.write_bytes(content)
