"""All kinds of sources of images: one visible table, a function each."""

import logging
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import as_file
from importlib.resources import files as data_files
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, get_args

from infogan.core.errors import DataError
from infogan.data import (
    archives,
    arrow,
    cars3d,
    files,
    folder,
    hdf5,
    hub,
    idx,
    npz,
    shards,
    splits,
    sprites,
)
from infogan.data.conversion import Progress
from infogan.data.folder import Survey
from infogan.data.images import Images
from infogan.data.settings import GIVEN, Source
from infogan.data.splits import Split

logger = logging.getLogger("infogan")


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
            images = kind.load(source, split, progress)
            if images.told:  # a further source need not say anything
                logger.info("%s", images.told)
            return images
    fault = "is no file of images" if Path(source.name).exists() else "no such file or folder"
    raise DataError(f"{source.name}: {fault}; give {', '.join(kind.what for kind in SOURCES)}")


def root(source: Source) -> Path | None:
    """The folder below which the files of a source lie; None where it is no folder of images."""
    path = Path(source.name)
    if archives.is_archive(source.name):
        return archives.unpacked(path)
    if path.is_file() and path.suffix.lower() in files.suffixes():
        return path.parent
    kind = next((kind for kind in SOURCES if kind.means(source.name)), None)
    return path if kind and kind.load is image_folder else None


def survey(source: Source) -> Survey | None:
    """Look at some of the encoded images of a source; None where they are arrays."""
    path = Path(source.name)
    lone = (path.name,) if path.is_file() and _is_image(path.name) else source.only
    if place := root(source):
        return folder.survey(place, lone)
    if arrow.is_table(source.name):
        rows, _, _ = arrow.rows_of(source, "train")
        return folder.surveyed(rows, rows.root)
    return None


def exists(name: str) -> bool:
    """Whether a name is that of a file or folder here, or of a dataset of the Hub."""
    return name.startswith(hub.PREFIX) or Path(name.partition(":")[0]).exists()


def _full(path: Path) -> Path:
    """An absolute path without `..`, which would lead out of another folder; a link keeps its
    name."""
    if ".." not in path.parts:
        return path.absolute()
    return path.resolve() if path.name == ".." else path.parent.resolve() / path.name


def together(paths: Sequence[str]) -> dict[str, Any]:
    """Several files and folders as fields of a source: the folder that holds them, and which."""
    if len(paths) == 1:
        return {"name": paths[0]}
    if missing := [path for path in paths if not Path(path).exists()]:
        raise DataError(f"{missing[0]}: no such file or folder")
    full = [*map(_full, map(Path, paths))]
    folder = Path(os.path.commonpath([path.parent for path in full]))
    inside = folder.is_relative_to(Path.cwd())
    name = folder.relative_to(Path.cwd()) if inside else folder
    only = [path.relative_to(folder).as_posix() for path in full]
    return {"name": str(name), "only": tuple(only)}


def absolute(source: Source) -> Source:
    """Return the source with absolute paths, so that it is found from any working folder."""
    words = "digits", GIVEN, *idx.PUBLISHED, *sprites.SETS
    named = source.name in words or source.name.startswith(hub.PREFIX)
    name = source.name if named else str(Path(source.name).resolve())
    folder = source.dir and str(Path(source.dir).resolve())
    return source.model_copy(update={"name": name, "dir": folder})


def given(source: Source, split: Split, progress: Progress) -> Images:
    """Refuse: nothing says where they are."""
    raise DataError("the images were given as an array from Python; say with --data where they are")


def digits(source: Source, split: Split, progress: Progress) -> Images:
    """Load the 5,000 embedded digits of MNIST's training set."""
    with as_file(data_files("infogan.data") / "digits.npz") as path:
        return splits.last(replace(npz.load_file(path, source)[0], name="digits"), split, 500)


def published(source: Source, split: Split, progress: Progress) -> Images:
    """Load MNIST or Fashion-MNIST."""
    images = idx.load_published(source, test=split == "test")
    return images if split == "test" else splits.last(images, split, splits.HELD_OUT)


def image_folder(source: Source, split: Split, progress: Progress) -> Images:
    """Load a folder of image files, which may bring its own splits, or an archive of one."""
    path = root(source)
    assert path
    if source.only:
        return splits.every_tenth(folder.load_folder(path, source, progress), split)
    inside = [p for p in path.iterdir() if not files.hidden(p.name)]
    folders = sorted(p.name for p in inside if p.is_dir() and files.holds_images(p))
    lone = (p.name for p in inside if _is_image(p.name) and p.is_file())
    holding = [*folders, *islice(lone, 1)]
    read, parts, is_split = splits.folders(path, holding, split)
    images = folder.load_folder(read, source, progress, parts)
    images = replace(images, root=str(path))
    if archives.is_archive(source.name):
        images = replace(images, name=source.name, packed=archives.within(source.name, path))
    return images if is_split else splits.every_tenth(images, split)


def image_file(source: Source, split: Split, progress: Progress) -> Images:
    """Load a single image."""
    path = Path(source.name)
    lone = source.model_copy(update={"only": (path.name,)})
    return splits.every_tenth(folder.load_folder(path.parent, lone, progress), split)


def array_file(source: Source, split: Split, progress: Progress) -> Images:
    """Load an NPY or NPZ file."""
    images, is_split = npz.load_file(Path(source.name), source, split)
    return images if is_split else splits.every_tenth(images, split)


def shard_folder(source: Source, split: Split, progress: Progress) -> Images:
    """Load a folder of NPY files."""
    images, is_split = shards.load(Path(source.name), source, split, progress)
    return images if is_split else splits.every_tenth(images, split)


def table(source: Source, split: Split, progress: Progress) -> Images:
    """Load Parquet files, a dataset that `save_to_disk` wrote, or one of the Hub."""
    images, is_split = arrow.load(source, split, progress)
    return images if is_split else splits.every_tenth(images, split)


def dataset_file(source: Source, split: Split, progress: Progress) -> Images:
    """Load a MATLAB or HDF5 file."""
    return splits.every_tenth(hdf5.load_file(source.name, source), split)


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
    images = idx.load_file(path, source)
    return images if is_test else splits.last(images, split, min(splits.HELD_OUT, len(images) // 6))


class Kind(NamedTuple):
    """One kind of source."""

    what: str  # how an error message offers it
    means: Callable[[str], bool]  # a source's name; the first kind that says so loads it
    load: Callable[[Source, Split, Progress], Images]


def _file(pattern: str) -> Callable[[str], bool]:
    """Return whether a name is that of a regular file which has the pattern in it."""
    return lambda name: Path(name).is_file() and bool(re.search(pattern, Path(name).name))


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in files.suffixes()


# To add a source, write a function that loads it, and add its row.
SOURCES = (
    Kind("digits", "digits".__eq__, digits),
    Kind("an array (in Python)", GIVEN.__eq__, given),
    Kind(", ".join(idx.PUBLISHED), idx.PUBLISHED.__contains__, published),
    Kind(", ".join(sprites.SETS), sprites.SETS.__contains__, sprites.load),
    Kind("a folder of IDX files", idx.holds_idx, idx_file),
    Kind("Parquet, a saved Hugging Face dataset, hf:NAME", arrow.is_table, table),
    Kind("a folder of NPY files", lambda name: shards.are_in(Path(name)), shard_folder),
    Kind("Cars3D's folder of MAT files", cars3d.are_in, cars3d.load),
    Kind("a folder of images", lambda name: Path(name).is_dir(), image_folder),
    Kind("a zip or tar file of images", archives.is_archive, image_folder),
    Kind("an image", lambda name: _file("")(name) and _is_image(name), image_file),
    Kind("an NPY or NPZ file", _file(r"\.np[yz]$"), array_file),
    Kind("a MAT or HDF5 file", lambda name: hdf5.parts(name) is not None, dataset_file),
    Kind("an IDX file (…-ubyte, .gz)", _file("idx|ubyte"), idx_file),
)
