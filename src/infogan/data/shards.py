"""Folders of NPY shards: arrays of one shape and dtype that are one set, in the order of names.
They are read a few megabytes at a time into the cache. Labels lie beside them: those of
`part-000.npy` in `part-000.labels.npy`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from infogan.core import interrupts
from infogan.core.errors import DataError
from infogan.data import arrays, cache, files, npz, splits
from infogan.data.arrays import Array
from infogan.data.conversion import Progress
from infogan.data.images import Images, Pixels, described
from infogan.data.settings import Source
from infogan.data.splits import Split

LABELS = ".labels.npy"
AT_ONCE = 1 << 24  # bytes of a shard that are read at once


def are_in(folder: Path) -> bool:
    """Whether NPY files are what is to be read of a folder: there are some, and no image files."""
    return folder.is_dir() and bool(_found(folder)) and not files.holds_images(folder)


def _found(folder: Path, only: Sequence[str] = ()) -> list[Path]:
    paths = splits.files(folder, ".npy", only)
    return [path for path in paths if not path.name.endswith(LABELS)]


def load(folder: Path, source: Source, split: Split, progress: Progress) -> tuple[Images, bool]:
    """Load the shards of a folder, and whether these are the split already, as where their names
    say it (`train-000.npy`). DataError names a shard that is unlike the first."""
    there = _found(folder, source.only)
    paths, is_split = splits.chosen(folder, splits.named(folder, there), split)
    number, shape = _checked(paths, source)
    labels, classes = arrays.labelled(_labels(paths), str(folder))
    stamps = cache.stamps(folder, paths)

    def key(settings: Source) -> str:
        return cache.key("shards", str(folder.resolve()), stamps, settings.rules())

    def make(to: Path | None) -> tuple[Pixels, dict[str, Any]]:
        return _streamed(paths, number, source, str(folder), to, progress)

    pixels, decided = cache.kept(
        key(source), make, lambda decided: key(source.model_copy(update=decided))
    )
    decided = {name: tuple(value) for name, value in decided.items()}  # which JSON does not know
    said = arrays.told(shape, source, decided.get("range")) + f", {len(paths)} shards"
    left_out = files.beside(folder, {*there, *map(_labels_of, there)})
    if left_out and not source.only:
        said += f"; left out: {files.told(left_out)}"
    images = Images(pixels, labels, classes, str(folder), decided=decided)
    return described(images, said), is_split


def _checked(paths: Sequence[Path], source: Source) -> tuple[int, tuple[int, int]]:
    """How many images the shards have together, and height and width of each."""
    number, size, first = 0, (0, 0), ""
    for path in paths:
        shape, dtype = npz.header(path)
        own = f"[{', '.join(['n', *map(str, shape[1:])])}] of {dtype}"
        if len(shape) not in (3, 4) or own != (first or own):
            others = f"{paths[0].name} {first}" if first else "images are [n, H, W] or [n, H, W, C]"
            remedy = f"save all alike (labels as NAME{LABELS}), or put it elsewhere"
            raise DataError(f"{path}: holds {own}, {others}; {remedy}")
        if not first:
            bare = arrays.shaped(np.broadcast_to(dtype.type(), shape), source, str(path))
            first, size = own, (bare.shape[1], bare.shape[2])
        number += shape[0]
    return number, size


def _labels_of(path: Path) -> Path:
    return path.with_suffix(LABELS)


def _labels(paths: Sequence[Path]) -> Array | None:
    """[N] the labels of all images; None where no shard has any."""
    beside = [*map(_labels_of, paths)]
    there = [path for path in beside if path.is_file()]
    if not there:
        return None
    if missing := [path for path in beside if path not in there]:
        remedy = "give each shard its own, or none"
        raise DataError(f"{missing[0]}: no such file, but there is {there[0].name}; {remedy}")
    found = list[Array]()
    for path, images in zip(beside, paths, strict=True):
        (n, *_), shape = npz.header(images)[0], npz.header(path, npz.EITHER)[0]
        if shape != (n,):
            raise DataError(f"{path}: has the shape {[*shape]}; give [{n}], a label an image")
        found.append(np.load(path, allow_pickle=False))
    return np.concatenate(found)


def _streamed(
    paths: Sequence[Path],
    number: int,
    source: Source,
    name: str,
    to: Path | None,
    progress: Progress,
) -> tuple[Pixels, dict[str, Any]]:
    """Bring shards to images in `to` (NPY), or in memory; the array, and what was decided."""

    def parts() -> Iterator[Array]:
        for path in paths:
            shard = np.load(path, mmap_mode="r", allow_pickle=False)
            rows = max(1, AT_ONCE // max(1, shard[:1].nbytes))
            for start in range(0, len(shard), rows):
                interrupts.poll()
                yield arrays.shaped(shard[start : start + rows], source, str(path))

    chosen = arrays.settled(parts, number, name, source.range)
    mapped, at = None, 0
    for part in parts():
        pixels = arrays.finished(part, source, chosen)
        if mapped is None:
            shape = number, *pixels.shape[1:]
            mapped = cache.created(to, shape)
        mapped[at : at + len(pixels)] = pixels
        at += len(pixels)
        progress(at, number)
    if mapped is None:
        raise DataError(f"{name}: there is no image in it")
    return mapped, {} if chosen is None else {"range": chosen}
