"""NPY and NPZ files of images, checked before anything is allocated."""

import math
import re
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from infogan.core.errors import DataError, parsing
from infogan.core.limits import refuse_bomb
from infogan.data.arrays import KEYS, Array, as_images, named
from infogan.data.images import Images
from infogan.data.settings import Source

SPLITS = {"train": "train", "validation": "val", "test": "test"}  # as MedMNIST names its arrays
NUMBERS, TEXT, EITHER = "uifb", "U", "uifbU"  # kinds of dtypes
KINDS = {"labels": EITHER, "factor_names": TEXT}  # of what is not numbers alone
MAX_HEADER = 10_000  # bytes of a header that numpy parses
# A header without records. Python's own parser reads it for numpy, and recurses with each bracket
# and sign; no other header may reach it.
PLAIN = re.compile(
    rb"\s*\{\s*'descr'\s*:\s*'[^'\\]{1,16}'\s*,\s*'fortran_order'\s*:\s*(True|False)\s*,"
    rb"\s*'shape'\s*:\s*\([\d\s,L]*\)\s*,?\s*\}\s*"
)


def _remedy(kinds: str) -> str:
    return "save it as text" if kinds == TEXT else "save it as numbers (images as uint8)"


def _check(
    file: IO[bytes], name: str, size: int, kinds: str = NUMBERS
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Check that an NPY stream of `size` bytes announces plain values of just that size; return
    their shape and dtype."""
    with parsing(name, "an NPY array"):
        first, at = npy.read_magic(file) == (1, 0), file.tell()
        text = file.read(min(MAX_HEADER, int.from_bytes(file.read(2 if first else 4), "little")))
        if not PLAIN.fullmatch(text):
            raise DataError(f"{name}: its header is not that of plain values; {_remedy(kinds)}")
        file.seek(at)
        shape, _, dtype = (npy.read_array_header_1_0 if first else npy.read_array_header_2_0)(file)
    if dtype.hasobject or dtype.kind not in kinds:
        raise DataError(f"{name}: holds {dtype}; {_remedy(kinds)}")
    body = size - file.tell()
    if math.prod(shape) * dtype.itemsize != body:
        raise DataError(f"{name}: announces {shape} of {dtype}, holds {body} bytes; save it again")
    return shape, dtype


def header(path: Path, kinds: str = NUMBERS) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype of an NPY file, checked before anything is read."""
    with parsing(path, "an array"), path.open("rb") as file:
        return _check(file, str(path), path.stat().st_size, kinds)


def _load_npz(path: Path, split: str) -> tuple[dict[str, Array], bool]:
    """Read the arrays of an NPZ file that KEYS lists, or those of a split where it has its own;
    and whether these are the split already."""
    found: dict[str, Array] = {}
    with parsing(path, "NPZ"), zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}

        def read(key: str, kinds: str) -> Array:
            name, size = f"{path}:{key}", members[key].file_size
            bits = 8 if key == "imgs" else 1  # dSprites' masks hold a bit in a byte
            refuse_bomb(name, size // bits, path.stat().st_size)
            with archive.open(members[key]) as file:
                _check(file, name, size, kinds)
                file.seek(0)
                return np.asarray(npy.read_array(file, allow_pickle=False))

        if own := [part for part in SPLITS.values() if f"{part}_images" in members]:
            learned = [part for part in own if part != "test"] or ["train"]
            whole = split in ("train", "validation") and "val" not in own  # nothing is held out yet
            parts = learned if whole or split == "all" else [SPLITS[split]]
            for what in ("images", "labels"):
                keys = [f"{part}_{what}" for part in parts]
                if what == "labels" and not members.keys() & {*keys}:
                    break  # a set without labels
                if missing := [key for key in keys if key not in members]:
                    raise DataError(f"{path}: has no {missing[0]}, but {', '.join(members)}")
                found[what] = np.concatenate([read(key, KINDS.get(what, NUMBERS)) for key in keys])
            return found, not whole
        for what in KEYS:
            if key := named(members, what):
                found[what] = read(key, KINDS.get(what, NUMBERS))
    if "images" not in found:
        raise DataError(f"{path}: has {', '.join(members) or 'nothing'}; name the images 'images'")
    return found, False


def load_file(path: Path, source: Source | None = None, split: str = "all") -> tuple[Images, bool]:
    """Load an NPY file of images, or an NPZ file of images, labels and factors (see KEYS); and
    whether these are the split already, as where the file has its own."""
    if path.suffix == ".npy":
        header(path)
        with parsing(path, "an array"):
            images = np.load(path, mmap_mode="r", allow_pickle=False)
        return as_images({"images": images}, source or Source(), str(path)), False
    arrays, is_split = _load_npz(path, split)
    return as_images(arrays, source or Source(), str(path)), is_split
