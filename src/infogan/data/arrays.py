"""NPY and NPZ files of images, checked before anything is allocated."""

import math
import re
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from infogan.core.errors import DataError, parsing
from infogan.core.limits import refuse_bomb
from infogan.data.images import Images

Array = NDArray[Any]
# What an NPZ file may hold, and the names under which it may; a lone array is the images.
KEYS = {
    "images": ("images", "x_train", "x", "arr_0"),
    "labels": ("labels", "y_train", "y", "arr_1"),
    "factors": ("factors",),
    "factor_names": ("factor_names",),
}
NUMBERS, TEXT = "uifb", "U"  # kinds of dtypes
REMEDIES = {NUMBERS: "save it as numbers (images as uint8)", TEXT: "save it as text"}
MAX_HEADER = 10_000  # bytes of a header that numpy parses
MAX_CLASSES = 1 << 16  # that whole-number labels may count to
# A header without records. Python's own parser reads it for numpy, and recurses with each bracket
# and sign; no other header may reach it.
PLAIN = re.compile(
    rb"\s*\{\s*'descr'\s*:\s*'[^'\\]{1,16}'\s*,\s*'fortran_order'\s*:\s*(True|False)\s*,"
    rb"\s*'shape'\s*:\s*\([\d\s,L]*\)\s*,?\s*\}\s*"
)


def _check(file: IO[bytes], name: str, size: int, kinds: str = NUMBERS) -> None:
    """Check that an NPY stream of `size` bytes announces plain values of just that size."""
    with parsing(name, "an NPY array"):
        first, at = npy.read_magic(file) == (1, 0), file.tell()
        text = file.read(min(MAX_HEADER, int.from_bytes(file.read(2 if first else 4), "little")))
        if not PLAIN.fullmatch(text):
            raise DataError(f"{name}: its header is not that of plain values; {REMEDIES[kinds]}")
        file.seek(at)
        shape, _, dtype = (npy.read_array_header_1_0 if first else npy.read_array_header_2_0)(file)
    if dtype.hasobject or dtype.kind not in kinds:
        raise DataError(f"{name}: holds {dtype}; {REMEDIES[kinds]}")
    body = size - file.tell()
    if math.prod(shape) * dtype.itemsize != body:
        raise DataError(f"{name}: announces {shape} of {dtype}, holds {body} bytes; save it again")


def _load_npz(path: Path) -> dict[str, Array]:
    """Read the arrays of an NPZ file that KEYS lists."""
    found: dict[str, Array] = {}
    with parsing(path, "NPZ"), zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        for what, keys in KEYS.items():
            lone = members if what == "images" and len(members) == 1 else ()
            key = next((key for key in (*keys, *lone) if key in members), None)
            if key is None:
                continue
            name, size = f"{path}:{key}", members[key].file_size
            refuse_bomb(name, size, path.stat().st_size)
            with archive.open(members[key]) as file:
                _check(file, name, size, TEXT if what == "factor_names" else NUMBERS)
                file.seek(0)
                found[what] = npy.read_array(file, allow_pickle=False)
    if "images" not in found:
        raise DataError(f"{path}: has {', '.join(members) or 'nothing'}; name the images 'images'")
    return found


def as_uint8(array: Array, name: str) -> NDArray[np.uint8]:
    """Convert [N, H, W] or [N, H, W, C] numbers: whole ones in 0..255, or floats in 0..1."""
    array = array[..., None] if array.ndim == 3 else array
    if array.dtype == np.uint8 or not array.size:
        return array.astype(np.uint8, copy=False)
    low, high = array.min(), array.max()
    if not (np.isfinite(low) and np.isfinite(high) and low >= 0 and high <= 255):
        raise DataError(f"{name}: values run from {low} to {high}; give 0..255, or floats in 0..1")
    scale = 255 if array.dtype.kind in "fb" and high <= 1 else 1
    return np.asarray(np.rint(array.astype(np.float32) * scale), np.uint8)


def _whole(array: Array | None, ndim: int, name: str) -> NDArray[np.int64]:
    """Whole numbers with that many axes; none where there is no array."""
    if array is None:
        return np.empty(0, np.int64)
    if array.ndim != ndim or array.dtype.kind not in "ui":
        wanted, found = "[N]" if ndim == 1 else "[N, F]", f"{list(array.shape)} of {array.dtype}"
        raise DataError(f"{name} must be {wanted} whole numbers, got {found}")
    return array.astype(np.int64)


def load_file(path: Path) -> Images:
    """Load an NPY file of images, or an NPZ file of images, labels and factors (see KEYS)."""
    if path.suffix == ".npy":
        with parsing(path, "an array"), path.open("rb") as file:
            _check(file, str(path), path.stat().st_size)
            arrays = {"images": np.load(path, mmap_mode="r", allow_pickle=False)}
    else:
        arrays = _load_npz(path)
    labels = _whole(arrays.get("labels"), 1, f"{path}: labels")
    count = int(labels.max(initial=-1)) + 1
    if count > MAX_CLASSES:
        raise DataError(f"{path}: a label is {count - 1}; number the classes from 0")
    factors = _whole(arrays.get("factors"), 2, f"{path}: factors")
    with parsing(path, "names of factors"):  # which may hold what is no character
        names = tuple(map(str, arrays.get("factor_names", np.empty(0)).flat))
    pixels, classes = as_uint8(arrays["images"], str(path)), tuple(map(str, range(count)))
    return Images(pixels, labels, classes, str(path), factors=factors, factor_names=names)
