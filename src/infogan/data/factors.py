"""Known factors of variation that files bring, and those of sets that are published with some.

A factor's values are numbered from 0 in the order of size. What has a single value does not vary,
and is left out."""

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from infogan.core.errors import DataError, parsing
from infogan.data.images import Labels

logger = logging.getLogger("infogan")
Array = NDArray[Any]
Values = tuple[float | str, ...]
AXES = {"horizontal axis": 40, "vertical axis": 40}
SCENE = {
    "object size": ("small", "large"),
    "camera height": ("top", "center", "bottom"),
    "background color": ("purple", "sea green", "salmon"),
}


class Grid(NamedTuple):
    """A published set of all combinations of its factors, the last of which varies quickest."""

    file: str  # part of the name of its file
    factors: Mapping[str, int | tuple[str, ...]]  # how many values, or words for them

    @property
    def sizes(self) -> list[int]:
        """[F] how many values each factor has."""
        each = self.factors.values()
        return [known if isinstance(known, int) else len(known) for known in each]


GRIDS = (
    Grid(
        "dsprites",
        {
            "color": 1,
            "shape": ("square", "ellipse", "heart"),
            "scale": 6,
            "orientation": 40,
            "x": 32,
            "y": 32,
        },
    ),
    Grid(
        "3dshapes",
        {
            "floor hue": 10,
            "wall hue": 10,
            "object hue": 10,
            "scale": 8,
            "shape": ("0", "1", "2", "3"),
            "orientation": 15,
        },
    ),
    Grid(
        "mpi3d",
        {
            "object color": ("white", "green", "red", "blue", "brown", "olive"),
            "object shape": ("cone", "cube", "cylinder", "hexagonal", "pyramid", "sphere"),
            **SCENE,
            **AXES,
        },
    ),
    Grid(
        "real3d_complicated",
        {
            "object color": ("yellow", "green", "olive", "red"),
            "object shape": ("coffee cup", "tennis ball", "croissant", "beer cup"),
            **SCENE,
            **AXES,
        },
    ),
)
"""dSprites (Matthey et al. 2017), 3D Shapes (Burgess, Kim 2018) and MPI3D (arXiv:1906.03292), whose
factors are the order of its images alone."""


class Factors(NamedTuple):
    """Factors of N images."""

    numbers: Labels = np.empty(0, np.int64)  # [N, F]
    names: tuple[str, ...] = ()
    values: tuple[Values, ...] = ()
    told: str = ""  # what is to be said of them


def read(arrays: Mapping[str, Array], n: int, name: str) -> Factors:
    """The factors of a file's n images: `values` [N, F] if it has some, else `factors` [N, F], else
    those of the published grid that it is by name and number."""
    grid = next((grid for grid in GRIDS if grid.file in Path(name).name.lower()), None)
    with parsing(name, "names of factors"):  # which may hold what is no character
        names = tuple(map(str, arrays.get("factor_names", np.empty(0)).flat))
    held, found = arrays.get("values"), list[Values]()
    if held is not None:
        numbers, found = ranked(held, name)
    elif (whole := arrays.get("factors")) is not None:
        if whole.ndim != 2 or whole.dtype.kind not in "ui":
            shape = f"{[*whole.shape]} of {whole.dtype}"
            raise DataError(f"{name}: factors must be [N, F] whole numbers, got {shape}")
        numbers = whole.astype(np.int64)
    elif grid and math.prod(grid.sizes) == n:
        numbers = np.stack(np.unravel_index(np.arange(n), grid.sizes), 1).astype(np.int64)
        found = [tuple(map(float, range(size))) for size in grid.sizes]
    else:
        if grid:
            remedy = f"save factors [{n}, F] with its images"
            by_order = f"only all {math.prod(grid.sizes):,} of {grid.file} have theirs by order"
            fault = "has no factors, so no code is scored against one"
            logger.warning("%s: %s; %s (%s)", name, fault, remedy, by_order)
        return Factors(names=names)
    if grid and len(grid.factors) == numbers.shape[1]:
        names = names or tuple(grid.factors)
        found = [in_words(own, grid, i) for i, own in enumerate(found)]
    given = Factors(numbers, names, tuple(found))
    return varying(given) if len(numbers) == n else given  # which `Images` refuses


def ranked(held: Array, name: str) -> tuple[Labels, list[Values]]:
    """Numbers [N, F] of values [N, F], and the values of each factor."""
    if held.ndim != 2 or held.dtype.kind not in "uif" or not np.isfinite(held).all():
        shape = f"{[*held.shape]} of {held.dtype}"
        raise DataError(f"{name}: values of factors must be [N, F] finite numbers, got {shape}")
    pairs = [np.unique(column, return_inverse=True) for column in held.T]
    numbers = np.stack([inverse for _, inverse in pairs], 1).astype(np.int64)
    return numbers, [tuple(map(float, values)) for values, _ in pairs]


def in_words(values: Values, grid: Grid, i: int) -> Values:
    """The values of factor i in the words of the set, where all of them are there."""
    words = [*grid.factors.values()][i]
    return words if not isinstance(words, int) and len(words) == len(values) else values


def varying(factors: Factors) -> Factors:
    """Those factors that have more than one value, and which others there were."""
    numbers, names = factors.numbers, factors.names
    vary = [bool(np.ptp(column)) for column in numbers.T] if len(numbers) > 1 else []
    if all(vary) or len(names) not in (0, len(vary)):
        return factors
    names = names or tuple(f"factor {i}" for i in range(len(vary)))
    constant = [own for own, kept in zip(names, vary, strict=True) if not kept]
    values = [own for own, kept in zip(factors.values, vary, strict=False) if kept]
    kept = tuple(own for own, kept in zip(names, vary, strict=True) if kept)
    said = f"; left out as it does not vary: {', '.join(constant)}" if constant else ""
    return Factors(numbers[:, vary], kept, tuple(values), said)
