"""Splits of a set of images; imports nothing that takes time.
`train` is what training sees, `validation` what it never sees, `test` what a set keeps apart, and
`all` everything but the test images. Published sets hold out their last 10,000 training images for
validation, the embedded digits their last 500, an IDX file its last sixth, anything else every
tenth image; none holds out more than 10,000, which tell an accuracy to half a per cent and take
seconds to score. A folder that holds a folder named train has its own splits, and so has a file
with arrays of their names, and a set of several files whose names begin with them."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from infogan.core.errors import DataError

if TYPE_CHECKING:
    from infogan.data.images import Images

HELD_OUT = 10_000  # images at most that are held out where a set has no splits of its own
Split = Literal["train", "validation", "test", "all"]
NO_TEST = "has no test split; use --split validation, train or all"
PARTS = {  # names of folders within a folder, and first words of names of files, that are splits
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "test": "test",
}


class UnsplitError(DataError):
    """A set has no such split, and none can be made of it."""


def last(images: Images, split: Split, n: int) -> Images:
    """Hold out the last n images."""
    return _split(images, split, range(max(0, len(images) - n), len(images)))


def every_tenth(images: Images, split: Split) -> Images:
    """Hold out every tenth image, so that a set sorted by class is held out evenly; of more than
    100,000 images, HELD_OUT at even distances."""
    n, rows = len(images), range(9, len(images), 10)
    if len(rows) <= HELD_OUT:
        return _split(images, split, rows)
    return _split(images, split, [(i + 1) * n // HELD_OUT - 1 for i in range(HELD_OUT)])


def _split(images: Images, split: Split, held_out: Sequence[int]) -> Images:
    if split == "test":
        raise DataError(f"{images.name}: {NO_TEST}")
    if split == "all":
        return images
    n = len(images)
    rows = held_out
    if split == "train":
        out = set(held_out)
        rows = [i for i in range(n) if i not in out]
    if not rows:
        raise UnsplitError(f"{images.name}: {n} images are too few for a {split} split; use all")
    return images.subset(rows)


def files(folder: Path, suffix: str, only: Sequence[str] = ()) -> list[Path]:
    """The files of a folder with that suffix, by name, also in folders that are splits of it.
    only: those of them that count; none: all."""
    found = list[Path]()
    for place in (folder, *(folder / part for part in PARTS)):
        if place.is_dir():
            with os.scandir(place) as there:  # by plain names, of which there may be a million
                names = [e.name for e in there if e.name.endswith(suffix) and e.name[0] != "."]
            found += [path for path in map(place.joinpath, names) if path.is_file()]
    return sorted(p for p in found if not only or p.relative_to(folder).as_posix() in only)


def named(folder: Path, paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Files of a folder by the split that they say they are of, else by their own names:
    `train-000.npy` and `train/000.npy` are of the split train."""
    found = defaultdict[str, list[Path]](list)
    for path in paths:
        first = path.relative_to(folder).parts[0]
        word = re.split("[-_.]", first, maxsplit=1)[0]
        found[word if word in PARTS else first].append(path)
    return found


def chosen(
    root: Path, by_name: Mapping[str, Sequence[Path]], split: Split
) -> tuple[list[Path], bool]:
    """Return which files to read for a split, and whether these are the split already."""
    read, parts, is_split = folders(root, [*by_name], split)
    names = parts or ([*by_name] if read == root else [read.name])
    return [path for name in names for path in by_name[name]], is_split


def folders(path: Path, holding: Sequence[str], split: Split) -> tuple[Path, tuple[str, ...], bool]:
    """Return what to read of a folder for a split.
    holding: the folders in it that hold images, and an image beside them. Returns the folder to
    read, the folders in it to read (empty: all of it), and whether these are the split already or
    still need `every_tenth`."""
    own = {PARTS[name]: name for name in holding if name in PARTS}
    others = [name for name in holding if name not in PARTS]
    for part, name in own.items():
        if twice := [other for other in holding if PARTS.get(other) == part and other != name]:
            raise DataError(f"{path}: {twice[0]} and {name} name one split twice; keep one of them")
    if split == "test" and "test" not in own:
        raise DataError(f"{path}: {NO_TEST}")
    if "train" in own and others and split != "test":
        fault = f"holds {others[0]} beside train, which is a split; {others[0]} is none"
        raise DataError(f"{path}: {fault}; give train another name, or put {others[0]} elsewhere")
    if split in own and (split != "train" or "validation" in own):
        return path / own[split], (), True
    if own and "train" not in own and split != "all":
        name = next(iter(own.values()))
        remedy = f"put what to learn from into {path / 'train'}, or give {name} another name"
        raise UnsplitError(f"{path}: has a split {name} but none named train; {remedy}")
    if split == "all" and {"train", "validation"} <= {*own}:
        return path, (own["train"], own["validation"]), True
    return path / "train" if "train" in own else path, (), False
