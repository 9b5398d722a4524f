"""Folders of images: found once in a fixed order; folders below are classes."""

import warnings
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from infogan.core.errors import DataError
from infogan.data import cache, conversion, files
from infogan.data.conversion import Entries, Entry, Progress, looked_at
from infogan.data.decoding import is_grey
from infogan.data.images import Images, described
from infogan.data.settings import Source

ORIENTATION = 0x0112  # EXIF's tag; from 5 on, height and width are swapped


class Survey(NamedTuple):
    """What a look at some images of a set shows."""

    number: int  # of images
    height: float  # median, in pixels
    width: float
    grey: bool  # whether none has colour in it


def survey(folder: Path, only: Sequence[str] = ()) -> Survey:
    """Look at some image files of a folder, evenly spaced; DataError if none can be read."""
    paths = files.found(folder, only).paths
    return surveyed([Entry(path, "") for path in paths], folder)


def surveyed(entries: Entries, root: Path) -> Survey:
    """Look at some images of a set, evenly spaced; DataError if none can be read."""
    sizes, grey = list[tuple[int, int]](), True
    for image in looked_at(entries):
        turned = image.getexif().get(ORIENTATION, 1) >= 5
        grey = grey and is_grey(image)
        sizes.append((image.width, image.height) if turned else (image.height, image.width))
    if not sizes:
        raise DataError(f"{root}: none of {len(entries)} images could be read")
    height, width = np.median(sizes, 0).tolist()
    return Survey(len(entries), height, width, grey)


def entries_of(folder: Path, paths: Sequence[Path]) -> list[Entry]:
    """Every image of the files: one each, but of a TIFF a page each."""
    entries = list[Entry]()
    for path in paths:
        name, pages = path.relative_to(folder).as_posix(), 1
        if path.suffix.lower() in files.TIFF:
            with (
                suppress(Exception),
                warnings.catch_warnings(action="ignore"),
                Image.open(path, "r", ["TIFF"]) as image,
            ):
                pages = getattr(image, "n_frames", 1)
        many = pages > 1
        entries += [Entry(path, f"{name}#{i}" if many else name, i) for i in range(pages)]
    return entries


def load_folder(
    folder: Path, source: Source, progress: Progress, parts: Sequence[str] = ()
) -> Images:
    """Load the images below a folder, or `parts` of it; folders below are classes, if several."""
    listings = [files.found(folder / part, source.only) for part in parts or ("",)]
    entries = entries_of(folder, [path for listing in listings for path in listing.paths])
    left_out = sum((listing.left_out for listing in listings), Counter[str]())
    stamps = cache.stamps(folder, (path for listing in listings for path in listing.paths))
    about = str(folder.resolve()), stamps
    pixels, found = conversion.kept(about, entries, folder, source, progress, left_out)
    rows = found.rows(len(entries))
    kept = entries if rows is None else [entries[i] for i in rows]
    parents = [_parent(entry.name, bool(parts)) for entry in kept]
    names, labels = np.unique(parents, return_inverse=True)
    classes = tuple(names.tolist()) if len(names) > 1 else ()
    name = str(folder / source.only[0]) if source.only else str(folder)
    name += f" and {len(source.only) - 1} more" if len(source.only) > 1 else ""
    images = Images(
        pixels,
        labels if classes else np.empty(0, np.int64),
        classes,
        name,
        [str(folder / entry.name) for entry in kept],
        rows,
        root=str(folder),
        decided=found.decided,
    )
    folders = f", {len(names)} folders" if len(names) > 1 else ""
    return described(images, found.told(source, folders))


def _parent(name: str, is_part: bool) -> str:
    """The folder of a file, below its part if the set has parts; . if it lies at the top."""
    parent = name.rpartition("/")[0]
    return (parent.partition("/")[2] if is_part else parent) or "."
