"""Cars3D as it is published (Reed et al. 2015, Deep Visual Analogy-Making): a folder of MATLAB
files, a car each, whose `im` is [H, W, 3, 24 azimuths, 4 elevations]."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from infogan.core import interrupts
from infogan.core.errors import DataError
from infogan.data import arrays, cache, files, levels, matlab, splits
from infogan.data.arrays import Array
from infogan.data.conversion import Progress
from infogan.data.images import Images, Pixels, described
from infogan.data.settings import Source
from infogan.data.splits import Split

NAMES = "elevation", "azimuth", "car"


def are_in(folder: str) -> bool:
    """Whether a folder holds MATLAB files, and no images."""
    path = Path(folder)
    return path.is_dir() and bool(_found(path)) and not files.holds_images(path)


def _found(folder: Path, only: Sequence[str] = ()) -> list[Path]:
    """The files in the folder itself: the cars are in no splits."""
    return [path for path in splits.files(folder, ".mat", only) if path.parent == folder]


def load(source: Source, split: Split, progress: Progress) -> Images:
    """Load the cars; each keeps its images together, by azimuth, then by elevation."""
    folder = Path(source.name)
    paths = _found(folder, source.only)
    if not paths:
        raise DataError(f"{folder}: has no MAT file {', '.join(source.only)}; correct data.only")
    stamps = cache.stamps(folder, paths)

    def key(settings: Source) -> str:
        return cache.key("cars3d", str(folder.resolve()), stamps, settings.rules())

    def make(to: Path | None) -> tuple[Pixels, dict[str, Any]]:
        return _read(paths, source, to, progress)

    pixels, tree = cache.kept(key(source), make, lambda _: key(source))
    sizes = tree["grid"]
    cars, azimuths, elevations = np.unravel_index(np.arange(len(pixels)), sizes)
    images = Images(
        pixels,
        name=source.name,
        factors=np.stack([elevations, azimuths, cars], 1).astype(np.int64),
        factor_names=NAMES,
        factor_values=(
            tuple(map(float, range(sizes[2]))),
            tuple(map(float, range(sizes[1]))),
            tuple(path.stem for path in paths),
        ),
    )
    said = arrays.told(tuple(tree["sides"]), source, levels.of_bytes(source.range))
    return splits.every_tenth(described(images, f"{said}, {len(paths)} cars"), split)


def _read(
    paths: Sequence[Path], source: Source, to: Path | None, progress: Progress
) -> tuple[Pixels, dict[str, Any]]:
    """All cars in `to` (NPY) or in memory, and how many values each factor has."""
    pixels: Pixels | None = None
    first: tuple[int, ...] = ()
    for i, path in enumerate(paths):
        interrupts.poll()
        held = matlab.arrays(path).get("im")
        first = first or (held.shape if held is not None else ())
        if held is None or held.ndim != 5 or held.shape != first or held.dtype != np.uint8:
            found = "no im" if held is None else f"im {[*held.shape]} of {held.dtype}"
            wanted = "give all of them im [H, W, 3, 24, 4] of uint8, as Cars3D has"
            raise DataError(f"{path}: has {found}; {wanted}")
        car = _ready(held, source, str(path))
        if pixels is None:
            shape = len(paths) * len(car), *car.shape[1:]
            pixels = cache.created(to, shape)
        pixels[i * len(car) : (i + 1) * len(car)] = car
        progress((i + 1) * len(car), len(pixels))
    assert pixels is not None
    return pixels, {"grid": [len(paths), *first[3:]], "sides": first[:2]}


def _ready(held: Array, source: Source, name: str) -> Pixels:
    """[azimuths * elevations, H, W, C] the images of a car."""
    images = np.moveaxis(held, (3, 4), (0, 1)).reshape(-1, *held.shape[:3])
    given = levels.of_bytes(source.range)
    return arrays.finished(arrays.shaped(images, source, name), source, given)
