"""Loading images: one visible table of sources, one type of result.

Splits are explicit. `train` is what training sees, `validation` what it never sees, `test` what a set keeps
apart, `all` everything but the test images. Published sets hold out the last 10,000 training images, the embedded
digits the last 500, an IDX file its last sixth (10,000 at most), everything else every tenth image. A folder with a
folder named train has splits of its own: that one, validation and test.
"""

from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from infogan.core.errors import DataError
from infogan.data import arrays, folder, idx
from infogan.data.images import Images

Split = Literal["train", "validation", "test", "all"]
EVERY = 10
"""Of a source without splits of its own, every tenth image is held out."""
DIGITS_HELD_OUT = 500
PARTS = ("train", "validation", "test")
"""Folders within a folder that are its splits."""


def _size(value: object) -> object:
    """`64` and `48x64` (height x width) as a pair."""
    if isinstance(value, str):
        value = list(value.lower().split("x"))
    if isinstance(value, int | float):
        value = [value]
    return value * 2 if isinstance(value, list) and len(value) == 1 else value


class Source(BaseModel):
    """Where images come from and how they are brought to one shape."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    name: str = "digits"
    """digits, mnist, fashion-mnist, a folder of images, or an IDX, NPY or NPZ file."""
    dir: str | None = None
    """Folder that holds the IDX files of mnist or fashion-mnist; else they are downloaded once."""
    size: Annotated[
        tuple[Annotated[int, Field(ge=1, le=1024)], Annotated[int, Field(ge=1, le=1024)]] | None,
        BeforeValidator(_size),
    ] = None
    """Height and width that a folder's images are brought to (64, or 48x64); none: their own."""
    color: folder.Color = "auto"
    """Of a folder: grey, rgb, or auto: grey if no file has colour."""
    max_bad: float = Field(default=0.01, ge=0, le=1)
    """Share of a folder's files that may be unreadable; they are skipped and named."""


def load(
    source: Source | str,
    split: Split = "train",
    progress: Callable[[int, int], None] = lambda done, total: None,
    **settings: Any,
) -> Images:
    """Images of a source and a split; DataError with the remedy when that cannot be.

    >>> load("digits", split="validation").base.shape
    (500, 28, 28, 1)
    """
    if not isinstance(source, Source):
        source = Source(name=source, **settings)
    if split not in get_args(Split):
        raise DataError(f"{split!r} is no split; take one of {', '.join(get_args(Split))}")
    if source.name == "digits":
        return _held_out(_digits(), split, DIGITS_HELD_OUT)
    directory = Path(source.dir) if source.dir else None
    if source.name in idx.PUBLISHED:
        images = idx.load_published(source.name, directory, test=split == "test")
        return images if split == "test" else _held_out(images, split, idx.HELD_OUT)
    path = Path(source.name)
    if not path.exists():
        raise DataError(
            f"{path}: no such file or folder, nor one of digits, {', '.join(idx.PUBLISHED)}"
        )
    if path.is_dir():
        return _from_folder(source, path, split, progress)
    if path.suffix in (".npy", ".npz") and path.is_file():
        return _every_tenth(arrays.load_file(path), split)
    stem = path.name.removesuffix(".gz")
    if not path.is_file():
        raise DataError(f"{path}: is a pipe or a device; give a folder or a file")
    if "idx" not in stem and "ubyte" not in stem:
        raise DataError(f"{path}: not a folder, nor an IDX (…-ubyte, .gz), NPY or NPZ file")
    images = idx.load_file(path)
    if stem.startswith("t10k") != (split == "test") and split != "all":
        other = "--split test" if split != "test" else "--split train or validation"
        raise DataError(f"{path}: has no {split} split; use {other}, or all")
    return (
        images
        if split in ("test", "all")
        else _held_out(images, split, min(idx.HELD_OUT, len(images) // 6))
    )


def _digits() -> Images:
    with as_file(files("infogan.data") / "digits.npz") as path:
        pixels, labels = arrays.load_npz(path)
    assert labels is not None
    return Images(pixels, labels, tuple("0123456789"), "digits")


def _from_folder(
    source: Source, path: Path, split: Split, progress: Callable[[int, int], None]
) -> Images:
    """A folder of images, with its own splits if it has folders of their names; or a folder of IDX files."""
    for file, test in ((idx.TRAIN_IMAGES, False), (idx.TEST_IMAGES, True)):
        if test == (split == "test") and (images := idx.beside(path, file)):
            return load(source.model_copy(update={"name": str(images)}), split)
    holding = sorted(
        child.name for child in path.iterdir() if child.is_dir() and folder.holds_images(child)
    )
    own = [part for part in PARTS if part in holding]
    others = [name for name in holding if name not in own]

    def read(of: Path, parts: Sequence[str] = ()) -> Images:
        return folder.load_folder(of, source.size, source.color, source.max_bad, progress, parts)

    if split == "test" and "test" not in own:
        raise _no_test(str(path))
    if "train" in own and others and split != "test":
        raise DataError(
            f"{path}: holds {others[0]} beside train, which makes train, validation and test splits and no classes; "
            f"give train another name, or put {others[0]} elsewhere"
        )
    if split in own and (split != "train" or "validation" in own):
        return read(path / split)
    if "train" not in own:
        if own and split in ("train", "validation"):
            raise DataError(
                f"{path}: has a folder {own[0]} but none named train; put the images to learn from into "
                f"{path / 'train'}, or give {own[0]} another name"
            )
        return _every_tenth(read(path), split)
    if split == "all" and "validation" in own:
        return read(path, PARTS[:2])
    return _every_tenth(read(path / "train"), split)


def _held_out(images: Images, split: Split, n: int) -> Images:
    """The last n images are the validation split."""
    rows = np.arange(len(images))
    return _split(images, split, rows >= len(images) - n)


def _every_tenth(images: Images, split: Split) -> Images:
    """Every tenth image is in the validation split, so that a set sorted by class is held out evenly."""
    return _split(images, split, np.arange(len(images)) % EVERY == EVERY - 1)


def _no_test(name: str) -> DataError:
    return DataError(f"{name}: has no test split; use --split validation, train or all")


def _split(images: Images, split: Split, held_out: NDArray[np.bool_]) -> Images:
    if split == "test":
        raise _no_test(images.name)
    if split == "all":
        return images
    chosen = np.flatnonzero(held_out == (split == "validation"))
    if not len(chosen):
        raise DataError(
            f"{images.name}: {len(images)} images are too few for a {split} split; use all"
        )
    return images.subset(chosen)
