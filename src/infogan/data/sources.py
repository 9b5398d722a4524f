"""All kinds of sources of images: one visible table, a function each."""

import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple, get_args

from infogan.core.errors import DataError
from infogan.data import arrays, folder, idx, splits
from infogan.data.folder import Progress
from infogan.data.images import Images
from infogan.data.settings import GIVEN, Source
from infogan.data.splits import Split


def load(
    source: Source | str, split: Split = "train", progress: Progress = lambda *_: None, **named: Any
) -> Images:
    """Load a split of a source, or of a name with fields of `Source`; DataError names a remedy.
    >>> load("digits", split="validation").pixels.shape
    (500, 28, 28, 1)
    """
    if split not in get_args(Split):
        raise DataError(f"unknown split {split!r}; use one of {', '.join(get_args(Split))}")
    source = source if isinstance(source, Source) else Source(name=source, **named)
    for kind in SOURCES:
        if kind.means(source.name):
            return kind.load(source, split, progress)
    fault = "is no file of images" if Path(source.name).exists() else "no such file or folder"
    raise DataError(f"{source.name}: {fault}; give {', '.join(kind.what for kind in SOURCES)}")


def absolute(source: Source) -> Source:
    """Return the source with absolute paths, so that it is found from any working folder."""
    named = source.name in ("digits", GIVEN, *idx.PUBLISHED)
    name = source.name if named else str(Path(source.name).resolve())
    folder = source.dir and str(Path(source.dir).resolve())
    return source.model_copy(update={"name": name, "dir": folder})


def given(source: Source, split: Split, progress: Progress) -> Images:
    """Refuse: nothing says where they are."""
    raise DataError("the images were given as an array from Python; say with --data where they are")


def digits(source: Source, split: Split, progress: Progress) -> Images:
    """Load the 5,000 embedded digits of MNIST's training set."""
    with as_file(files("infogan.data") / "digits.npz") as path:
        return splits.last(replace(arrays.load_file(path), name="digits"), split, 500)


def published(source: Source, split: Split, progress: Progress) -> Images:
    """Load MNIST or Fashion-MNIST."""
    images = idx.load_published(source.name, source.dir, test=split == "test")
    return images if split == "test" else splits.last(images, split, idx.HELD_OUT)


def image_folder(source: Source, split: Split, progress: Progress) -> Images:
    """Load a folder of image files, which may bring its own splits."""
    path = Path(source.name)
    holding = sorted(p.name for p in path.iterdir() if p.is_dir() and folder.holds_images(p))
    read, parts, is_split = splits.folders(path, holding, split)
    images = folder.load_folder(read, source, progress, parts)
    return images if is_split else splits.every_tenth(images, split)


def array_file(source: Source, split: Split, progress: Progress) -> Images:
    """Load an NPY or NPZ file."""
    return splits.every_tenth(arrays.load_file(Path(source.name)), split)


def idx_file(source: Source, split: Split, progress: Progress) -> Images:
    """Load an IDX file, given or of a folder with MNIST's file names; t10k-… is a test split."""
    path = Path(source.name)
    if path.is_dir():
        train, test = (idx.beside(path, name) for name in (idx.TRAIN_IMAGES, idx.TEST_IMAGES))
        path = (test if split == "test" else train) or train or test or path
    is_test = path.name.startswith("t10k")
    if split != "all" and is_test != (split == "test"):
        other = "--split test" if is_test else "--split train or validation"
        raise DataError(f"{path}: has no {split} split; use {other}, or all")
    images = idx.load_file(path)
    return images if is_test else splits.last(images, split, min(idx.HELD_OUT, len(images) // 6))


class Kind(NamedTuple):
    """One kind of source."""

    what: str  # how an error message offers it
    means: Callable[[str], bool]  # a source's name; the first kind that says so loads it
    load: Callable[[Source, Split, Progress], Images]


def _file(pattern: str) -> Callable[[str], bool]:
    """Return whether a name is that of a regular file which has the pattern in it."""
    return lambda name: Path(name).is_file() and bool(re.search(pattern, Path(name).name))


# To add a source, write a function that loads it, and add its row.
SOURCES = (
    Kind("digits", "digits".__eq__, digits),
    Kind("an array (in Python)", GIVEN.__eq__, given),
    Kind(", ".join(idx.PUBLISHED), idx.PUBLISHED.__contains__, published),
    Kind("a folder of IDX files", idx.holds_idx, idx_file),
    Kind("a folder of images", lambda name: Path(name).is_dir(), image_folder),
    Kind("an NPY or NPZ file", _file(r"\.np[yz]$"), array_file),
    Kind("an IDX file (…-ubyte, .gz)", _file("idx|ubyte"), idx_file),
)
