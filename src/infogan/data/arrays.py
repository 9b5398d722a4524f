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
from infogan.data.images import Images, refuse_bomb

IMAGE_KEYS = ("images", "x_train", "x", "arr_0")
LABEL_KEYS = ("labels", "y_train", "y", "arr_1")
MAX_HEADER = 10_000
"""Bytes of a header that numpy parses."""
PLAIN = re.compile(
    rb"\s*\{\s*'descr'\s*:\s*'[^'\\]{1,16}'\s*,\s*'fortran_order'\s*:\s*(True|False)\s*,"
    rb"\s*'shape'\s*:\s*\([\d\s,L]*\)\s*,?\s*\}\s*"
)
"""The header of an array that is not made of records. numpy gives headers to Python's parser, which goes down a level
with each bracket and sign; no other header gets there."""


def _header(file: IO[bytes], name: str, size: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype that an NPY stream of `size` bytes announces; DataError unless its body has that size."""
    with parsing(name, "an NPY array"):
        version = npy.read_magic(file)
        first, at = version == (1, 0), file.tell()
        text = file.read(min(MAX_HEADER, int.from_bytes(file.read(2 if first else 4), "little")))
        if not PLAIN.fullmatch(text):
            raise DataError(
                f"{name}: its header is not that of plain numbers; save the images as numbers (uint8)"
            )
        file.seek(at)
        shape, _, dtype = (npy.read_array_header_1_0 if first else npy.read_array_header_2_0)(file)
    if dtype.hasobject or dtype.kind not in "uifb":
        raise DataError(f"{name}: holds {dtype}; save the images as numbers (uint8)")
    body = size - file.tell()
    if math.prod(shape) * dtype.itemsize != body:
        raise DataError(
            f"{name}: announces {list(shape)} of {dtype} and holds {body} bytes; save it again"
        )
    return shape, dtype


def load_npy(path: Path) -> NDArray[Any]:
    """An NPY file as a read-only memory map."""
    with path.open("rb") as file:
        _header(file, str(path), path.stat().st_size)
    mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


def load_npz(path: Path) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Images and labels of an NPZ file."""
    with parsing(path, "NPZ"), zipfile.ZipFile(path) as archive:
        names = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}

        def member(keys: tuple[str, ...]) -> NDArray[Any] | None:
            key = next((key for key in keys if key in names), None)
            if key is None:
                return None
            refuse_bomb(f"{path}:{key}", names[key].file_size, path.stat().st_size)
            with archive.open(names[key]) as file:
                _header(file, f"{path}:{key}", names[key].file_size)
            with archive.open(names[key]) as file:
                array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
            return array

        images = member((*IMAGE_KEYS, *names) if len(names) == 1 else IMAGE_KEYS)
        labels = member(LABEL_KEYS)
    if images is None:
        raise DataError(
            f"{path}: has {', '.join(names) or 'nothing'}; name the images {IMAGE_KEYS[0]!r}"
        )
    return images, labels


def as_uint8(array: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """[N, H, W] or [N, H, W, C] numbers as uint8: whole numbers in 0..255, or floats in 0..1."""
    if array.ndim == 3:
        array = array[..., None]
    if array.dtype == np.uint8 or not array.size:
        return array.astype(np.uint8, copy=False)
    low, high = array.min(), array.max()
    if not (np.isfinite(low) and np.isfinite(high) and low >= 0 and high <= 255):
        raise DataError(f"{name}: values run from {low} to {high}; give 0..255, or floats in 0..1")
    scale = 255 if array.dtype.kind in "fb" and high <= 1 else 1
    return np.asarray(np.rint(array.astype(np.float32) * scale), np.uint8)


def load_file(path: Path) -> Images:
    """An NPY file of images, or an NPZ file of images and labels."""
    with parsing(path, "an array"):
        arrays = (load_npy(path), None) if path.suffix == ".npy" else load_npz(path)
    labels = np.empty(0, np.int64)
    classes: tuple[str, ...] = ()
    if arrays[1] is not None:
        if arrays[1].ndim != 1 or arrays[1].dtype.kind not in "ui":
            raise DataError(
                f"{path}: labels must be [N] whole numbers, got {list(arrays[1].shape)}"
            )
        labels = arrays[1].astype(np.int64)
        classes = tuple(str(i) for i in range(int(labels.max(initial=-1)) + 1))
    return Images(as_uint8(arrays[0], str(path)), labels, classes, str(path))
