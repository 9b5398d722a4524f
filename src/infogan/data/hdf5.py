"""MATLAB files, as SVHN is published, and HDF5 files: `file.h5:dataset`, or its lone one."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from infogan.core.errors import DataError, parsing
from infogan.core.limits import refuse_bomb
from infogan.data import matlab
from infogan.data.arrays import Array, as_images, named
from infogan.data.images import Images
from infogan.data.settings import Source

NAMED = re.compile(r"(?P<file>.+\.(?:h5|hdf5|hdf|mat))(?::(?P<dataset>.+))?")


def parts(name: str) -> tuple[Path, str | None] | None:
    """A file, and the dataset in it, if there is such a file of that name."""
    match = NAMED.fullmatch(name)
    if not match or not Path(match["file"]).is_file():
        return None
    return Path(match["file"]), match["dataset"]


def load_file(name: str, source: Source) -> Images:
    """Load images, and labels beside them under the names of `arrays.KEYS`."""
    found = parts(name)
    assert found
    path, dataset = found
    with path.open("rb") as file:
        start = file.read(520)
    is_matlab = path.suffix == ".mat"
    if is_matlab and b"HDF" not in start:
        held = matlab.arrays(path)
        arrays = {what: held[key] for what, key in _keys(path, held, dataset).items()}
    else:
        arrays = _hdf5(path, dataset, turned=is_matlab)
    if is_matlab:
        arrays = _images_first(arrays)
    return as_images(arrays, source, name)


def _hdf5(path: Path, dataset: str | None, turned: bool) -> dict[str, Array]:
    """The arrays of an HDF5 file; turned: MATLAB writes their axes in the opposite order."""
    try:
        import h5py
    except ImportError:
        raise DataError(f"{path}: needs h5py; pip install h5py") from None
    with parsing(path, "HDF5"), h5py.File(path, "r") as file:
        names = list[str]()
        file.visititems(
            lambda name, of: names.append(name) if isinstance(of, h5py.Dataset) else None
        )
        arrays: dict[str, Any] = {}
        for what, key in _keys(path, names, dataset).items():
            held = file[key]
            refuse_bomb(f"{path}:{key}", held.size * held.dtype.itemsize, path.stat().st_size)
            arrays[what] = held[()].T if turned else held[()]
        if (labels := arrays.get("labels")) is not None and labels.dtype.kind == "O":
            arrays["labels"] = np.array([value.decode() for value in labels])
        return arrays


def _keys(path: Path, names: Any, dataset: str | None) -> dict[str, str]:
    """Where the images, labels and factors of a file are."""
    if dataset is not None and dataset not in names:
        raise DataError(f"{path}:{dataset}: there is no such dataset, but {', '.join(names)}")
    images = dataset or named(names, "images")
    if images is None:
        those = ", ".join(names) or "nothing"
        raise DataError(f"{path}: has {those}; say which are the images, as {path}:NAME")
    keys = {what: named(names, what) for what in ("labels", "factors", "values")}
    return {"images": images} | {what: key for what, key in keys.items() if key and key != images}


def _images_first(arrays: dict[str, Array]) -> dict[str, Array]:
    """SVHN's order [H, W, C, N] as [N, H, W, C]; and its labels, in which 10 stands for 0."""
    images, labels = arrays["images"], arrays.get("labels")
    if images.ndim == 4 and images.shape[2] in (1, 3) and images.shape[3] not in (1, 3):
        arrays["images"] = np.moveaxis(images, 3, 0)
        if labels is not None and labels.dtype.kind in "ui" and {*labels.flat} <= {*range(1, 11)}:
            arrays["labels"] = labels % 10
    return arrays
